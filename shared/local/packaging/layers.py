"""The layers: third-party code as uv.lock pins it, what few functions need of it, and the embedding model."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.local_model_files import CHECKSUMS, MODEL_FILES
from shared.local.packaging import bytecode, left_out
from shared.local.packaging.toolchain import (
    compiler_version,
    export_requirements,
    install,
    write_bytecode,
)

# TLS_CA_FILE is /opt/certificates/amazon-rds.pem on Lambda.
CERTIFICATES = Path(__file__).parents[3] / "infra" / "certificates" / "amazon-rds.pem"
# Where Lambda unpacks layers.
DEPLOYED = "/opt"


class Architecture(StrEnum):
    ARM64 = "arm64"
    X86_64 = "x86_64"

    @property
    def platform(self) -> str:
        """uv's name of Lambda's machine: Amazon Linux 2023 has glibc 2.34."""
        processor = "aarch64" if self is Architecture.ARM64 else self.value
        return f"{processor}-manylinux_2_34"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer by its folder's name. `reached_by`: only functions that reach this module need it."""

    name: str
    groups: tuple[str, ...]
    packages_left_out: tuple[str, ...]
    files_left_out: tuple[str, ...]
    reached_by: str | None = None
    has_model: bool = False
    # Of who vouches for databases on AWS.
    has_certificates: bool = False

    def requirements(self) -> str:
        """Its packages and their hashes, as uv.lock pins them."""
        without = [argument for name in self.packages_left_out for argument in ("--no-emit-package", name)]
        return export_requirements([*self.groups, *without])

    def key(self, architecture: Architecture, requirements: str) -> str:
        """Stands for everything that the layer is made from: the same key, the same layer."""
        made_from = [
            requirements,
            architecture,
            compiler_version(),
            self.files_left_out,
            Path(bytecode.__file__).read_text(encoding="utf-8"),
            (ensure_model_files() / CHECKSUMS).read_text(encoding="utf-8") if self.has_model else "",
            CERTIFICATES.read_text(encoding="utf-8") if self.has_certificates else "",
        ]
        return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()

    def make(self, folder: Path, architecture: Architecture, requirements: str) -> None:
        """Fill a folder with what Lambda unpacks into /opt."""
        python = folder / "python"
        python.mkdir(parents=True)
        pinned = folder / "requirements.txt"
        pinned.write_text(requirements, encoding="utf-8")
        install(pinned, python, platform=architecture.platform)
        pinned.unlink()
        _prune(python, self.files_left_out)
        write_bytecode(python, f"{DEPLOYED}/python")
        if self.has_model:
            _copy_model(folder / "model")
        if self.has_certificates:
            (folder / "certificates").mkdir()
            shutil.copyfile(CERTIFICATES, folder / "certificates" / CERTIFICATES.name)


LAYERS = (
    Layer(
        name="runtime",
        groups=("--no-default-groups", "--group", "cloud"),
        packages_left_out=left_out.BROUGHT_BY_LAMBDA,
        files_left_out=left_out.FILES_OF_ANY + left_out.FILES_OF_RUNTIME,
        has_certificates=True,
    ),
    Layer(
        name="sources",
        groups=("--only-group", "sources"),
        packages_left_out=(),
        files_left_out=left_out.FILES_OF_ANY,
        reached_by="shared.fetching.robots",
    ),
    Layer(
        name="parsing",
        groups=("--only-group", "parsing"),
        packages_left_out=(),
        files_left_out=left_out.FILES_OF_ANY,
        reached_by="shared.parsing.child",
    ),
    Layer(
        name="model",
        groups=("--only-group", "model"),
        packages_left_out=left_out.UNUSED_BY_A_BUILT_MODEL,
        files_left_out=left_out.FILES_OF_ANY + left_out.FILES_OF_MODEL,
        reached_by="shared.embeddings.local_model",
        has_model=True,
    ),
)


def layers_of(modules: frozenset[str]) -> list[Layer]:
    """The layers that a function with these modules needs."""
    return [layer for layer in LAYERS if layer.reached_by is None or layer.reached_by in modules]


def _prune(folder: Path, patterns: tuple[str, ...]) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            _remove_if_empty(path)
        elif left_out.is_left_out(path.relative_to(folder).as_posix(), patterns):
            path.unlink()


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def _copy_model(folder: Path) -> None:
    """EMBEDDING_MODEL_DIR is /opt/model on Lambda."""
    built = ensure_model_files()
    folder.mkdir()
    for name in MODEL_FILES:
        shutil.copyfile(built / name, folder / name)
