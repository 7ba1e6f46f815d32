"""Files of a test's own, parsed as services parse them."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from shared.errors import UnreadableFile
from shared.parsing.limits import DEFAULT_LIMITS, ParseLimits
from shared.parsing.parse_file import parse_file
from shared.parsing.parsed_file import ParsedFile

type Parse = Callable[..., Awaitable[ParsedFile]]
type Refuse = Callable[..., Awaitable[tuple[str, str]]]


@pytest.fixture
def parse(tmp_path: Path) -> Parse:
    """Parses bytes under a name."""

    async def parse_bytes(data: bytes, name: str, limits: ParseLimits = DEFAULT_LIMITS) -> ParsedFile:
        path = tmp_path / "received"
        path.write_bytes(data)
        return await parse_file(path, name, limits)

    return parse_bytes


@pytest.fixture
def refuse(parse: Parse) -> Refuse:
    """Why bytes under a name are refused, and what their sender is told."""

    async def refused(data: bytes, name: str, limits: ParseLimits = DEFAULT_LIMITS) -> tuple[str, str]:
        with pytest.raises(UnreadableFile) as caught:
            await parse(data, name, limits)
        return caught.value.reason.value, caught.value.message

    return refused
