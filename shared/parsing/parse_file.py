"""Files to text."""

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

from shared.errors import UnreadableFile, UnreadableReason
from shared.observability import Event, logger
from shared.parsing import child
from shared.parsing.child_process import Ended, run_child
from shared.parsing.limits import DEFAULT_LIMITS, ParseLimits
from shared.parsing.parsed_file import ParsedFile
from shared.parsing.read_file import read_plain

# What JSON makes of a character at most, and what is around the text.
_BYTES_OF_A_CHARACTER = 6
_BYTES_AROUND = 1_000_000
# A parser is given no secrets: it may be what a file is made to break into.
_SECRET = re.compile(r"AWS_|URL|KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL", re.IGNORECASE)


async def parse_file(path: Path, name: str, limits: ParseLimits = DEFAULT_LIMITS) -> ParsedFile:
    """The text of the file at `path`, which its sender calls `name`.

    Small files that are certainly text are read here; all others by a process of their own, which may use
    as much memory and time as `limits` say and ends with this call. Raises UnreadableFile.
    """
    plain = await asyncio.to_thread(read_plain, path, name, limits)
    if plain is not None:
        return plain
    ended = await run_child(
        [sys.executable, "-P", "-m", child.__name__],
        _environment(),
        child.request(path, name, limits),
        seconds=limits.seconds,
        most_bytes=limits.characters * _BYTES_OF_A_CHARACTER + _BYTES_AROUND,
    )
    return _parsed(ended, limits)


def _environment() -> dict[str, str]:
    # On Lambda the parsers are in a layer, which this process knows of and a new one would not.
    searched = os.pathsep.join(path for path in sys.path if path)
    kept = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
    return {**kept, "PYTHONPATH": searched}


def _parsed(ended: Ended, limits: ParseLimits) -> ParsedFile:
    if ended.status is None or ended.status == -signal.SIGXCPU:
        raise _ended_by_limit(ended, limits)
    answer: dict[str, Any] = json.loads(ended.output) if ended.status == 0 else {"died_of": ended.status}
    if "parsed" in answer:
        parsed = answer["parsed"]
        return ParsedFile(**{**parsed, "page_starts": tuple(parsed["page_starts"])})
    if "reason" in answer:
        raise UnreadableFile(UnreadableReason(answer["reason"]), answer["message"])
    logger().warning(Event.PARSER_FAILED, died_of=answer["died_of"])
    if answer["died_of"] == MemoryError.__name__:
        message = (
            f"Reading the file takes more than {limits.memory:,} bytes of memory; divide it into several."
        )
        raise UnreadableFile(UnreadableReason.TOO_LARGE, message)
    message = "The file cannot be read; save it anew in the application that made it, and send it again."
    raise UnreadableFile(UnreadableReason.DAMAGED, message)


def _ended_by_limit(ended: Ended, limits: ParseLimits) -> UnreadableFile:
    if ended.status is None and not ended.was_slow:
        message = "The file gives more text than may be; divide it into several."
        return UnreadableFile(UnreadableReason.TOO_LARGE, message)
    message = f"Reading the file takes more than {limits.seconds:g} seconds; divide it into several."
    return UnreadableFile(UnreadableReason.TOO_SLOW, message)
