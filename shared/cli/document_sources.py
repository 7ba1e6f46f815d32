"""Documents from files, folders and NDJSON, one at a time."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from shared.domain.document_ids import document_id

TEXT_SUFFIXES = {".md", ".markdown", ".rst", ".txt"}
LINES_SUFFIXES = {".ndjson", ".jsonl"}
STDIN = "-"
# BEIR's names for what Concord calls otherwise.
_RENAMED = {"_id": "id", "text": "body"}


@dataclass(frozen=True, slots=True)
class SourcedDocument:
    """A document as JSON, and where it comes from: `notes/a.md` or `corpus.jsonl:17`."""

    source: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class UnreadableItem:
    """Something that is no document, and why."""

    source: str
    message: str


type Item = SourcedDocument | UnreadableItem


def read_paths(paths: Sequence[str], stdin: BinaryIO) -> Iterator[Item]:
    """Everything under `paths`: text files, folders of them, NDJSON files, `-` for NDJSON from `stdin`.

    Folders are read without their hidden parts, and of their files only texts.
    """
    for path in paths:
        if path == STDIN:
            yield from read_lines(stdin, "stdin")
        elif Path(path).is_dir():
            for file in sorted(_texts_under(Path(path))):
                yield _read_text(file, Path(path))
        elif Path(path).suffix.lower() in LINES_SUFFIXES:
            yield from _read_lines_file(Path(path))
        elif Path(path).suffix.lower() in TEXT_SUFFIXES:
            yield _read_text(Path(path), Path(path))
        else:
            known = ", ".join(sorted(TEXT_SUFFIXES | LINES_SUFFIXES))
            yield UnreadableItem(path, f"not a text; read are {known} and folders")


def read_lines(lines: Iterable[bytes], name: str) -> Iterator[Item]:
    """One document per line, as `{"id", "title", "body", "url", "metadata"}` or as BEIR writes them."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _read_line(line, f"{name}:{number}")


def _read_line(line: bytes, source: str) -> Item:
    try:
        fields = json.loads(line.decode())
    except UnicodeDecodeError:
        return UnreadableItem(source, "not UTF-8")
    except ValueError as error:
        return UnreadableItem(source, f"not JSON: {error}")
    if not isinstance(fields, dict):
        return UnreadableItem(source, "not a JSON object")
    document = {_RENAMED.get(name) or name: value for name, value in fields.items()}
    return SourcedDocument(source, document)


def _read_lines_file(path: Path) -> Iterator[Item]:
    try:
        with path.open("rb") as file:
            yield from read_lines(file, str(path))
    except OSError as error:
        yield UnreadableItem(str(path), _reason(error))


def _read_text(path: Path, given: Path) -> Item:
    try:
        body = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return UnreadableItem(str(path), "not UTF-8")
    except OSError as error:
        return UnreadableItem(str(path), _reason(error))
    name = _stable_name(path, given)
    document = {"id": document_id(name), "title": _title(body, path), "body": body, "url": name}
    return SourcedDocument(str(path), document)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _stable_name(path: Path, given: Path) -> str:
    """The path below the current folder, or else below the folder around what was given."""
    full = Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow links, and rename by them
    here = Path.cwd()
    if full.is_relative_to(here):
        return full.relative_to(here).as_posix()
    return full.relative_to(Path(os.path.abspath(given)).parent).as_posix()  # noqa: PTH100 - as above


def _title(body: str, path: Path) -> str:
    """A Markdown text's first heading, when it begins with one; else the file's name."""
    first = body.lstrip().split("\n", 1)[0].strip()
    is_heading = path.suffix.lower() in {".md", ".markdown"} and first.startswith("# ")
    return (first[2:].strip(" #") if is_heading else "") or path.stem


def _texts_under(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in TEXT_SUFFIXES:
                yield Path(parent) / name
