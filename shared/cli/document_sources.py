"""Documents from files, folders and NDJSON, one at a time."""

import csv
import fnmatch
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from shared.cli.file_imports import FileToImport
from shared.domain.document_ids import document_id
from shared.domain.import_items import named
from shared.domain.imports import ImportOptions

TEXT_SUFFIXES = {".md", ".markdown", ".rst", ".txt"}
# What the API reads from a file itself, telling its format by its content.
FILE_SUFFIXES = {".csv", ".docx", ".htm", ".html", ".json", ".mdx", ".pdf", ".tsv", ".xhtml", ".xlsx"}
LINES_SUFFIXES = {".ndjson", ".jsonl"}
_KNOWN = TEXT_SUFFIXES | FILE_SUFFIXES | LINES_SUFFIXES
STDIN = "-"
_LARGEST_TEXT_BYTES = 4_000_000
_LONGEST_HEADER_BYTES = 100_000


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


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files of folders are read, by patterns of paths or names; `id_field` names a column of ids."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    id_field: str | None = None

    def takes(self, path: Path) -> bool:
        def matches(patterns: tuple[str, ...]) -> bool:
            names = (path.as_posix(), path.name)
            return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns for name in names)

        return (not self.include or matches(self.include)) and not matches(self.exclude)


type Item = SourcedDocument | UnreadableItem | FileToImport

EVERYTHING = Selection()


def read_paths(paths: Sequence[str], stdin: BinaryIO, selection: Selection = EVERYTHING) -> Iterator[Item]:
    """Everything under `paths`: files, folders of them, `-` for NDJSON from `stdin`.

    Folders are read without their hidden parts, and of their files those of a format that is known. Texts
    are read here; what has to be parsed, and what may be large, is named for the API to read.
    """
    for path in paths:
        if path == STDIN:
            yield from read_lines(stdin, "stdin")
        elif Path(path).is_dir():
            for file in sorted(_files_under(Path(path), selection)):
                yield _read_file(file, Path(path), selection)
        elif Path(path).suffix.lower() in _KNOWN:
            yield _read_file(Path(path), Path(path), selection)
        else:
            known = ", ".join(sorted(_KNOWN))
            yield UnreadableItem(path, f"of no format that is read; those are {known} and folders of them")


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
    return SourcedDocument(source, named(fields, ImportOptions()))


def _read_file(path: Path, given: Path, selection: Selection) -> Item:
    name = _stable_name(path, given)
    suffix = path.suffix.lower()
    try:
        if suffix in LINES_SUFFIXES:
            path.open("rb").close()
            return FileToImport(str(path), path, name, "ndjson")
        if suffix == ".csv" and _has_ids(path, selection.id_field):
            return FileToImport(str(path), path, name, "csv")
        if suffix in FILE_SUFFIXES or path.stat().st_size > _LARGEST_TEXT_BYTES:
            path.open("rb").close()
            return FileToImport(str(path), path, name, "file")
        return _read_text(path, name)
    except OSError as error:
        return UnreadableItem(str(path), error.strerror or type(error).__name__)


def _has_ids(path: Path, id_field: str | None) -> bool:
    """Whether the rows of a CSV file are documents: its header names a column of ids."""
    with path.open("rb") as file:
        header = file.readline(_LONGEST_HEADER_BYTES).decode("utf-8-sig", "replace")
    columns = {column.strip() for column in next(csv.reader([header]), [])}
    return id_field in columns if id_field else bool(columns & {"id", "_id"})


def _read_text(path: Path, name: str) -> Item:
    try:
        body = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        body = ""
    if not body.strip() or "\x00" in body:
        # What it is, or what is wrong with it, is found out where files are parsed.
        return FileToImport(str(path), path, name, "file")
    document = {"id": document_id(name), "title": _title(body, path), "body": body, "url": name}
    return SourcedDocument(str(path), document)


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


def _files_under(folder: Path, selection: Selection) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(parent) / name
            is_known = not name.startswith(".") and path.suffix.lower() in _KNOWN
            if is_known and selection.takes(path.relative_to(folder)):
                yield path
