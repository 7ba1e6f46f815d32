"""The programs that packaging needs: uv, and a Python of the version that the functions run on."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from shared.local.packaging import bytecode
from shared.local.packaging.failure import PackagingFailed

ROOT = Path(__file__).parents[3]
# The template's Runtime.
PYTHON_VERSION = (3, 12)
_VERSION_TEXT = ".".join(map(str, PYTHON_VERSION))
_PRINT_VERSION = "import platform; print(platform.python_implementation(), platform.python_version())"


def export_requirements(arguments: Sequence[str]) -> str:
    """What uv.lock pins for `uv export` with these arguments, with hashes."""
    command = ["export", "--frozen", "--no-emit-project", "--no-header", "--no-annotate"]
    return run_uv(*command, *arguments)


def install(requirements: Path, target: Path, *, platform: str) -> None:
    """Install wheels for another machine into a folder, exactly those of the requirements."""
    run_uv(
        "pip", "install", "--quiet", "--target", str(target), "--requirements", str(requirements),
        "--python", str(runtime_python()), "--python-version", _VERSION_TEXT, "--python-platform", platform,
        "--only-binary", ":all:", "--no-deps", "--require-hashes", "--link-mode", "copy",
    )  # fmt: skip


def write_bytecode(folder: Path, deployed: str) -> None:
    """Compile every Python file of `folder`, which will lie at `deployed`."""
    _run([runtime_python(), "-I", "-W", "ignore", bytecode.__file__, folder, deployed])


def bytecode_of(source: str) -> str:
    """Where the bytecode of a Python file lies, by its path."""
    path = PurePosixPath(source)
    return str(path.parent / "__pycache__" / f"{path.stem}.cpython-{_VERSION_TEXT.replace('.', '')}.pyc")


@functools.cache
def runtime_python() -> Path:
    """A CPython whose bytecode the functions' Python reads. Raises PackagingFailed when there is none."""
    if sys.version_info[:2] == PYTHON_VERSION and sys.implementation.name == "cpython":
        return Path(sys.executable)
    try:
        return Path(run_uv("python", "find", "--no-project", f"cpython@{_VERSION_TEXT}").strip())
    except PackagingFailed:
        raise PackagingFailed(
            f"Bytecode for Lambda needs a Python {_VERSION_TEXT}, and there is none. "
            f"Get one with `uv python install {_VERSION_TEXT}`."
        ) from None


@functools.cache
def compiler_version() -> str:
    """Bytecode is the same for the same source and the same patch version."""
    return _run([runtime_python(), "-I", "-S", "-c", _PRINT_VERSION]).strip()


def run_uv(*arguments: str) -> str:
    """The output of uv, run on this project."""
    # `uv run` names itself.
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise PackagingFailed("uv is not on PATH. Install it: https://docs.astral.sh/uv/")
    return _run([uv, *arguments])


def _run(command: Sequence[str | Path]) -> str:
    done = subprocess.run(  # noqa: S603 - our own programs, with arguments that are no user's
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        name = Path(command[0]).name
        raise PackagingFailed(f"{name} {command[1]} failed:\n{done.stderr.strip()}")
    return done.stdout
