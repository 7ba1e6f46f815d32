"""Named SQL blocks: files beside their repository, read once, when first used.

A block starts with `-- name: its_name`. It may have slots, written with a default that makes the
block valid SQL by itself: `AND /*filter*/ true /*end*/`. A slot is only ever filled with SQL text of our
own, never with a caller's value: values are bound parameters.
"""

import functools
import re
from pathlib import Path
from typing import LiteralString, NamedTuple, cast

# Files lie beside modules, on a laptop and on Lambda; importlib.resources, for archives, starts slower.
_CODE = Path(__file__).parents[2]
_PARAMETER = re.compile(r"%(?:\((\w+)\)s|%)")
_BLOCK = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


class Statement(NamedTuple):
    """One SQL statement with `%(name)s` parameters."""

    name: str
    text: LiteralString

    def with_slot(self, slot: str, text: str, *, anywhere: bool = False) -> "Statement":
        """This statement with the default of `slot` replaced wherever the slot stands.

        Raises KeyError when it stands nowhere, unless it is `anywhere` that it may stand: in some of the
        texts that other slots were filled with.
        """
        pattern = re.compile(rf"/\*{slot}\*/.*?/\*end\*/", re.DOTALL)
        filled, count = pattern.subn(lambda _: text, self.text)
        if not count and not anywhere:
            raise KeyError(f"{self.name} has no slot {slot}")
        return Statement(self.name, filled)


# As many texts as searches have shapes that are asked for again and again.
@functools.lru_cache(maxsize=512)
def numbered(text: LiteralString) -> tuple[LiteralString, tuple[str, ...]]:
    """The text with `$1` and the like for its parameters, and their names in that order.

    The driver does the same, for texts of more than 4,096 characters each time anew.
    """
    names = tuple(dict.fromkeys(name for name in _PARAMETER.findall(text) if name))

    def number(found: re.Match[str]) -> str:
        return "%" if found[1] is None else f"${names.index(found[1]) + 1}"

    return _PARAMETER.sub(number, text), names


class SqlFile:
    """The blocks of `<package>/<name>.sql`, by name."""

    def __init__(self, package: str, name: str) -> None:
        self.package = package
        self.name = name

    def __getitem__(self, block: str) -> Statement:
        return self.blocks()[block]

    def blocks(self) -> dict[str, Statement]:
        return _read_blocks(self.package, self.name)


@functools.cache
def _read_blocks(package: str, name: str) -> dict[str, Statement]:
    text = _CODE.joinpath(*package.split("."), f"{name}.sql").read_text(encoding="utf-8")
    _, *parts = _BLOCK.split(text)
    names, bodies = parts[::2], parts[1::2]
    return {
        block: Statement(block, cast(LiteralString, body.strip().rstrip(";")))
        for block, body in zip(names, bodies, strict=True)
    }
