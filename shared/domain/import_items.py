"""What the lines of an import say: documents, and what is wrong with the others."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from shared.domain.documents import DocumentInput
from shared.domain.embedding_spaces import refuse_dimensions
from shared.domain.import_lines import Line, LineSplitter
from shared.domain.import_repairs import repaired
from shared.domain.imports import MAX_LINE_BYTES, DirtyPolicy, ImportOptions, ItemProblem, ReadItem
from shared.domain.sizes import MAX_COLUMNS
from shared.errors import InvalidRequest

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# BEIR's names for what Concord calls otherwise.
_RENAMED = {"_id": "id", "text": "body"}
_FIELDS = frozenset({"id", "title", "body", "url", "expires_at", "readers"})
_METADATA_PREFIX = "metadata."
_TOO_LONG = f"The line has more than {MAX_LINE_BYTES:,} bytes."
_TOO_DEEP = "The line is JSON that is nested too deeply; send it flatter."
_NOT_UTF8 = "The line is not UTF-8; save the file in that encoding."
_MOST_ID_CHARACTERS = 256
_MOST_SHOWN_OF_A_HEADER = 200
_BETWEEN_READERS = re.compile(r"[\s,;]+")
# Not 007 or 1e5, which rather are names, nor numbers of more digits than all readers agree on.
_PLAIN_VALUE = re.compile(r"true|false|-?(0|[1-9]\d{0,14})(\.\d{1,15})?")


class LinesReader:
    """NDJSON: one document in each line that is not empty. `line` is the number of those already read."""

    def __init__(self, options: ImportOptions, *, start: int = 0, line: int = 0) -> None:
        self._options = options
        self._splitter = LineSplitter(start=start, number=line, longest=MAX_LINE_BYTES)
        # How many lines have been read.
        self.lines = line
        # A file that has other names for fields has them in all its lines.
        self._has_own_names = options.id_field is None

    @property
    def columns(self) -> Sequence[str]:
        return ()

    def feed(self, piece: bytes) -> Iterator[ReadItem]:
        return self._read(self._splitter.feed(piece))

    def finish(self) -> Iterator[ReadItem]:
        return self._read(self._splitter.finish())

    def _read(self, lines: Sequence[Line]) -> Iterator[ReadItem]:
        for number, end, content in lines:
            self.lines = number
            text = content
            if number == 1 and text is not None:
                text = text.removeprefix(_BYTE_ORDER_MARK)
            if text is None or text.strip():
                yield ReadItem(number, number, end, self._document(number, text))

    def _document(self, number: int, text: bytes | None) -> DocumentInput | ItemProblem:
        if text is None:
            return _problem(number, None, "line_too_long", _TOO_LONG)
        if self._has_own_names:
            try:
                return self._fitting(number, DocumentInput.model_validate_json(text))
            except ValidationError:
                pass  # What is wrong, and whether it can be mended, is looked at below.
        try:
            fields = json.loads(text.decode())
        except UnicodeDecodeError:
            return _problem(number, None, "not_utf8", _NOT_UTF8)
        except RecursionError:
            return _problem(number, None, "not_json", _TOO_DEEP)
        except ValueError as error:
            return _problem(number, None, "not_json", f"The line is not JSON: {error}.")
        if not isinstance(fields, dict):
            return _problem(number, None, "not_an_object", "The line is JSON, but no object like {...}.")
        renamed = named(fields, self._options)
        self._has_own_names = self._options.id_field is None and renamed.keys() == fields.keys()
        return self._fitting(number, document_of(number, renamed, self._options.policy))

    def _fitting(self, number: int, read: DocumentInput | ItemProblem) -> DocumentInput | ItemProblem:
        """What was read, unless it has a vector of other dimensions."""
        if isinstance(read, DocumentInput) and self._options.dimensions is not None:
            try:
                refuse_dimensions(read.vector, self._options.dimensions)
            except ValueError as error:
                return _problem(number, read.id, "invalid_document", f"vector: {error}")
        return read


class RowsReader:
    """CSV with a header: `id`, `title`, `body`, `url`, `expires_at` and `readers` are the document's, all
    others are metadata.

    `columns` are those of the header, when it was read before.
    """

    def __init__(
        self, options: ImportOptions, *, start: int = 0, line: int = 0, columns: Sequence[str] = ()
    ) -> None:
        self._options = options
        self._splitter = LineSplitter(start=start, number=line, longest=MAX_LINE_BYTES)
        self.columns: Sequence[str] = columns
        # The lines of a record whose last field goes on.
        self._open: list[str] = []
        self._open_bytes = 0
        self._first = self.lines = line
        self._end = start
        # Else a field may have 128 KiB.
        csv.field_size_limit(MAX_LINE_BYTES)

    def feed(self, piece: bytes) -> Iterator[ReadItem]:
        return self._read(self._splitter.feed(piece))

    def finish(self) -> Iterator[ReadItem]:
        yield from self._read(self._splitter.finish())
        if self._open:
            yield ReadItem(self._first, self.lines, self._end, self._unfinished())

    def _read(self, lines: Sequence[Line]) -> Iterator[ReadItem]:
        for number, end, content in lines:
            self.lines, self._end = number, end
            if not self._open:
                self._first = number
            text = self._decoded(number, content)
            record = text if isinstance(text, ItemProblem) else self._record(text)
            if record is None:
                continue
            self._open, self._open_bytes = [], 0
            if not self.columns:
                self.columns = self._header(record)
            elif record:
                outcome = record if isinstance(record, ItemProblem) else self._document(record)
                yield ReadItem(self._first, number, end, outcome)

    def _decoded(self, number: int, content: bytes | None) -> str | ItemProblem:
        if content is None:
            return _problem(self._first, None, "line_too_long", _TOO_LONG)
        if number == 1:
            content = content.removeprefix(_BYTE_ORDER_MARK)
        try:
            return content.decode()
        except UnicodeDecodeError:
            return _problem(self._first, None, "not_utf8", _NOT_UTF8)

    def _record(self, text: str) -> list[str] | ItemProblem | None:
        """The record that ends with this line; None when it goes on. An empty line is an empty one."""
        self._open.append(text)
        self._open_bytes += len(text)
        if self._open_bytes > MAX_LINE_BYTES:
            return self._unfinished()
        # Inside of a field that goes on, only a quote can end it.
        if len(self._open) > 1 and '"' not in text:
            return None
        try:
            return next(csv.reader(["\n".join(self._open).removesuffix("\r")], strict=True), [])
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return None
            return _problem(self._first, None, "malformed_row", f"The row is not CSV: {error}.")

    def _unfinished(self) -> ItemProblem:
        return _problem(
            self._first, None, "malformed_row", "A quote that opens in this row is never closed; double it."
        )

    def _header(self, record: list[str] | ItemProblem) -> list[str]:
        """The columns; none of an empty line. Raises InvalidRequest."""
        if isinstance(record, ItemProblem):
            raise InvalidRequest(record.message)
        if not record:
            return []
        if len(record) > MAX_COLUMNS:
            raise InvalidRequest(f"The header has more than {MAX_COLUMNS:,} columns; divide the file.")
        columns = [column.strip() for column in record]
        doubled = sorted(column for column, times in Counter(columns).items() if times > 1)
        if doubled:
            shown = _storable(", ".join(doubled)[:_MOST_SHOWN_OF_A_HEADER])
            raise InvalidRequest(f"The header has {shown} more than once; rename one.")
        wanted = self._options.id_field or "id"
        if wanted not in columns and not (wanted == "id" and "_id" in columns):
            raise InvalidRequest(
                f"The header has no column {wanted}; name the one that has the ids with id_field."
            )
        return columns

    def _document(self, record: list[str]) -> DocumentInput | ItemProblem:
        if len(record) != len(self.columns):
            message = f"The row has {len(record)} fields; the header has {len(self.columns)}."
            return _problem(self._first, None, "malformed_row", message)
        fields: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        cells = named(dict(zip(self.columns, record, strict=True)), self._options)
        for column, text in cells.items():
            if column == "readers":
                # Nobody, where there are none: a cell left out must not show a document to everybody.
                fields[column] = [name for name in _BETWEEN_READERS.split(text) if name]
            elif column in _FIELDS:
                # An empty cell is how CSV says that there is nothing.
                if text or column in {"id", "body"}:
                    fields[column] = text
            elif text:
                metadata[column.removeprefix(_METADATA_PREFIX)] = self._value(text)
        return document_of(self._first, {**fields, "metadata": metadata}, self._options.policy)

    def _value(self, text: str) -> Any:
        """What a cell says: where values are read as meant, numbers are numbers and not their digits."""
        if self._options.policy is DirtyPolicy.COERCE and _PLAIN_VALUE.fullmatch(text):
            return json.loads(text)
        return text


def named(fields: Mapping[str, Any], options: ImportOptions) -> dict[str, Any]:
    """The fields under Concord's names for them."""
    if options.id_field is None:
        return {_RENAMED.get(name) or name: value for name, value in fields.items()}
    found = {name: value for name, value in fields.items() if name not in {"id", options.id_field}}
    return {**found, "id": fields[options.id_field]} if options.id_field in fields else found


def document_of(line: int, fields: dict[str, Any], policy: DirtyPolicy) -> DocumentInput | ItemProblem:
    """The document that has these fields, mended as the policy says, or what is wrong with it."""
    try:
        return DocumentInput.model_validate(fields)
    except ValidationError as error:
        problem = error
    if policy is not DirtyPolicy.REJECT:
        try:
            return DocumentInput.model_validate(repaired(fields, policy))
        except ValidationError as error:
            problem = error
    details = problem.errors(include_input=False, include_url=False)
    message = "; ".join(
        f"{'.'.join(map(str, detail['loc'])) or 'document'}: {detail['msg'].removeprefix('Value error, ')}"
        for detail in details[:10]
    )
    return _problem(line, fields.get("id"), "invalid_document", message)


def _problem(line: int, claimed_id: object, code: str, message: str) -> ItemProblem:
    shown = _storable(claimed_id[:_MOST_ID_CHARACTERS]) if isinstance(claimed_id, str) else None
    return ItemProblem(line, shown, code, _storable(message[:1_000]))


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
