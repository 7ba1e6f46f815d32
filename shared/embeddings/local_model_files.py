"""The files of the local model, and the check that they are whole."""

import hashlib
from pathlib import Path

MODEL = "all-MiniLM-L6-v2"
# The same weights as they are: twice the time, and vectors that differ a little.
FLOAT32_MODEL = "all-MiniLM-L6-v2-float32"
MODELS = (MODEL, FLOAT32_MODEL)
GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"
# One line per file, as `sha256sum --check` reads it.
CHECKSUMS = "SHA256SUMS"
MODEL_FILES = (GRAPH, TOKENIZER, CHECKSUMS)


def write_checksums(directory: Path) -> None:
    """Record the SHA-256 of both files beside them."""
    lines = [f"{sha256_of(directory / name)}  {name}\n" for name in (GRAPH, TOKENIZER)]
    (directory / CHECKSUMS).write_text("".join(lines))


def has_all_files(directory: Path) -> bool:
    """Whether the files are there; `is_whole` also reads them."""
    return all((directory / name).is_file() for name in MODEL_FILES)


def is_whole(directory: Path) -> bool:
    """Whether `directory` has both files, each with the SHA-256 that was recorded for it."""
    try:
        recorded = dict(line.split("  ")[::-1] for line in (directory / CHECKSUMS).read_text().splitlines())
        return all(recorded.get(name) == sha256_of(directory / name) for name in (GRAPH, TOKENIZER))
    except (OSError, ValueError):
        return False


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
