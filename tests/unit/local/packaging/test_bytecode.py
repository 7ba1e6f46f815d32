import importlib.util
import marshal
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import pytest

from shared.local.packaging import bytecode, packages
from shared.local.packaging.bytecode import compile_folder, compiled

SOURCE = b'''
"""A text that is nobody's name."""
LARGE = 12_345_678_901
NAMES = frozenset({"one", "two", "three words here", "four"})

def ask(question, *, among={"a", "b", "c d"}):
    return [answer for answer in among if answer in {"x y", "z", b"bytes"} or question > 0.5]
'''
COMPILE = """
import sys
sys.path.insert(0, sys.argv[1])
import bytecode
names = [name + " words" for name in dir(bytecode)]
sys.stdout.buffer.write(bytecode.compiled(sys.stdin.buffer.read(), "/var/task/asked.py"))
"""


def code_of(content: bytes) -> CodeType:
    code: CodeType = marshal.loads(content[16:])
    return code


def test_it_is_found_by_a_hash_that_nobody_checks() -> None:
    content = compiled(SOURCE, "/var/task/asked.py")
    assert content[:4] == importlib.util.MAGIC_NUMBER
    assert content[4:8] == b"\x01\x00\x00\x00"
    assert content[8:16] == importlib.util.source_hash(SOURCE)


def test_it_names_the_file_that_is_deployed() -> None:
    code = code_of(compiled(SOURCE, "/var/task/asked.py"))
    assert code.co_filename == "/var/task/asked.py"
    assert {part.co_filename for part in code.co_consts if isinstance(part, CodeType)} == {code.co_filename}


@pytest.mark.parametrize("path", [bytecode.__file__, packages.__file__])
def test_it_is_the_same_in_every_process(path: str) -> None:
    source = Path(path).read_bytes() + SOURCE
    held = [compile(source, "another.py", "exec"), "three words here", "x y"]
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", COMPILE, Path(bytecode.__file__).parent],
            input=source,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        assert done.stdout == compiled(source, "/var/task/asked.py")
    assert held


def test_it_is_what_python_imports(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    source = tmp_path / "inner" / "asked.py"
    source.write_bytes(b"answer = 1")
    compile_folder(tmp_path, "/var/task")
    written = tmp_path / "inner" / "__pycache__" / f"asked.{sys.implementation.cache_tag}.pyc"
    assert list(tmp_path.rglob("*.pyc")) == [written]
    source.write_bytes(b"answer = 2")
    loaded: dict[str, int] = {}
    code = SourceFileLoader("asked", str(source)).get_code("asked")
    assert code is not None
    exec(code, loaded)
    assert loaded["answer"] == 1


def test_what_cannot_be_compiled_is_told() -> None:
    with pytest.raises(SyntaxError, match=r"asked\.py"):
        compiled(b"def", "asked.py")
