"""The packages as they are deployed, for this machine's processor, and what Lambda itself brings."""

import fcntl
import functools
import hashlib
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.embeddings.local_model_build import cache_directory
from shared.local.packaging.layers import Architecture
from shared.local.packaging.packages import package
from shared.local.packaging.toolchain import (
    export_requirements,
    run_uv,
    runtime_python,
    write_bytecode,
)

THIS_MACHINE = Architecture.ARM64 if platform.machine() in {"arm64", "aarch64"} else Architecture.X86_64
RUNTIME_INTERFACE = "4.2.2"


@dataclass(frozen=True, slots=True)
class PackagedFunction:
    """Where a function's package and its layers lie; on Lambda that is /var/task and /opt."""

    name: str
    handler: str
    task: Path
    layers: tuple[Path, ...] = ()

    @property
    def model_directory(self) -> Path:
        """EMBEDDING_MODEL_DIR, for a function that has the model's layer."""
        return self.layers[-1] / "model"


@dataclass(frozen=True, slots=True)
class PackageFolder:
    """What `concord package` has written, and which layers each function needs."""

    folder: Path
    layers: dict[str, tuple[str, ...]]

    def function(self, name: str) -> PackagedFunction:
        layers = tuple(self.folder / "layers" / layer for layer in self.layers[name])
        handler = f"functions.{name}.handler.handler"
        return PackagedFunction(name, handler, self.folder / "functions" / name, layers)


def _say(text: str) -> None:
    # A benchmark's standard output is its report.
    print(text, file=sys.stderr)


def package_all(folder: Path) -> PackageFolder:
    """Every function and both layers for this machine, in `folder`.

    Layers are made once and kept in the user's cache folder. They are copied from there, so that a run
    beside this one, of other code, does not change what this one tests.
    """
    kept = cache_directory() / "packages"
    with _alone(kept):
        made = package([], architecture=THIS_MACHINE, output=kept, tell=_say)
        shutil.copytree(kept, folder, dirs_exist_ok=True)
    return PackageFolder(folder, {function.name: function.layers for function in made.functions})


@functools.cache
def lambda_runtime() -> Path:
    """A folder with the packages of Lambda's own Python: its runtime interface and boto3."""
    return installed_packages(
        "lambda-runtime", [f"awslambdaric=={RUNTIME_INTERFACE}", "boto3"], "/var/runtime"
    )


def installed_packages(name: str, wanted: Sequence[str], deployed: str) -> Path:
    """A folder with packages and what they need, whole and with bytecode, in the versions of uv.lock."""
    pinned = export_requirements(["--no-hashes"])
    key = hashlib.sha256("\n".join([*wanted, pinned]).encode()).hexdigest()[:16]
    folder = cache_directory() / name / key
    with _alone(folder.parent):
        if not folder.exists():
            made = folder.with_suffix(".new")
            constraints = folder.with_suffix(".txt")
            constraints.write_text(pinned)
            run_uv(
                "pip", "install", "--quiet", "--python", str(runtime_python()), "--target", str(made),
                "--constraints", str(constraints), *wanted,
            )  # fmt: skip
            write_bytecode(made, deployed)
            made.rename(folder)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
