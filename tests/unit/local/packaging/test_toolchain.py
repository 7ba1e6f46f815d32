import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local.packaging import toolchain
from shared.local.packaging.failure import PackagingFailed


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    toolchain.runtime_python.cache_clear()
    yield
    toolchain.runtime_python.cache_clear()


def version_of(python: Path) -> str:
    return toolchain._run([python, "-c", "import sys; print(*sys.version_info[:2])"]).strip()


def test_a_python_of_the_functions_version_is_found_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    assert version_of(toolchain.runtime_python()) == "3 12"
    # As if this were another version.
    monkeypatch.setattr(toolchain, "PYTHON_VERSION", (3, 0))
    toolchain.runtime_python.cache_clear()
    assert version_of(toolchain.runtime_python()) == "3 12"


def test_a_missing_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "PYTHON_VERSION", (3, 1))
    monkeypatch.setattr(toolchain, "_VERSION_TEXT", "3.1")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    with pytest.raises(PackagingFailed, match=r"uv python install 3\.1"):
        toolchain.runtime_python()


def test_a_missing_uv_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PackagingFailed, match="uv is not on PATH"):
        toolchain.run_uv("--version")


def test_what_a_program_says_of_its_failure_is_told() -> None:
    with pytest.raises(PackagingFailed, match=r"-c failed:\nnot today"):
        toolchain._run([sys.executable, "-c", "import sys; sys.exit('not today')"])


def test_bytecode_lies_beside_its_source() -> None:
    assert toolchain.bytecode_of("shared/http/auth.py") == "shared/http/__pycache__/auth.cpython-312.pyc"
