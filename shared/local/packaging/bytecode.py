"""Bytecode that never goes stale and is the same on every machine, for every Python file of a folder.

Runs as a script under the Python that the functions run on, and imports nothing but the standard library:

    python3.12 bytecode.py FOLDER DEPLOYED_FOLDER
"""

import importlib.util
import marshal
import sys
from pathlib import Path
from types import CodeType

# PEP 552: found by the hash of the source, and never checked against it.
_UNCHECKED_HASH = 0b01


def compile_folder(folder: Path, deployed: str) -> None:
    """Write `__pycache__` beside every Python file of `folder`, which will lie at `deployed`."""
    for source in sorted(folder.rglob("*.py")):
        deployed_path = f"{deployed}/{source.relative_to(folder).as_posix()}"
        target = Path(importlib.util.cache_from_source(str(source), optimization=""))
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(compiled(source.read_bytes(), deployed_path))


def compiled(source: bytes, deployed_path: str) -> bytes:
    """The content of a .pyc file. Raises SyntaxError.

    The interpreter writes an object down as shared when somebody else holds it, too, at that moment. So
    that this does not depend on what else the process has done, all of them are held.
    """
    code = compile(source, deployed_path, "exec", dont_inherit=True, optimize=0)
    held: list[object] = []
    _hold(code, held)
    header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH.to_bytes(4, "little")
    return header + importlib.util.source_hash(source) + marshal.dumps(code)


def _hold(part: object, held: list[object]) -> None:
    held.append(part)
    match part:
        case CodeType():
            held += [part.co_filename, part.co_name, part.co_qualname, part.co_linetable]
            held += [part.co_exceptiontable, *part.co_varnames, *part.co_cellvars, *part.co_freevars]
            _hold(part.co_names, held)
            _hold(part.co_consts, held)
        case tuple() | frozenset():
            for item in part:
                _hold(item, held)


if __name__ == "__main__":
    compile_folder(Path(sys.argv[1]), sys.argv[2])
