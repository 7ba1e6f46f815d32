"""Lines and rows of imports, whatever is in them and however they are cut."""

import csv
import io
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import import_items
from shared.domain.documents import DocumentInput
from shared.domain.import_items import LinesReader, RowsReader
from shared.domain.import_lines import Line, LineSplitter
from shared.domain.imports import DirtyPolicy, ImportOptions, ItemProblem, ReadItem
from shared.errors import InvalidRequest

PLAIN = ImportOptions()


def read(reader: LinesReader | RowsReader, *pieces: bytes) -> list[ReadItem]:
    found = [item for piece in pieces for item in reader.feed(piece)]
    return [*found, *reader.finish()]


def told(items: list[ReadItem]) -> list[tuple[int, str]]:
    """Each item's line with its document's id or its problem's code."""
    return [
        (item.line, item.outcome.code if isinstance(item.outcome, ItemProblem) else item.outcome.id)
        for item in items
    ]


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_lines_are_the_same_however_they_are_cut(content: bytes, cuts: list[int]) -> None:
    splitter = LineSplitter(start=7, number=2, longest=1_000)
    places = sorted({0, *(cut for cut in cuts if cut < len(content)), len(content)})
    found = [line for start, end in pairwise(places) for line in splitter.feed(content[start:end])]
    found += splitter.finish()
    expected = content.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert [line.text for line in found] == expected
    assert [line.number for line in found] == list(range(3, 3 + len(expected)))
    if found:
        assert found[-1].end == 7 + len(content)


def test_a_line_that_is_too_long_is_passed_over() -> None:
    splitter = LineSplitter(start=0, number=0, longest=3)
    assert splitter.feed(b"abc\nabcd") == [Line(1, 4, b"abc")]
    assert splitter.feed(b"efgh\nab") == [Line(2, 13, None)]
    assert splitter.finish() == [Line(3, 15, b"ab")]


def test_long_lines_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_items, "MAX_LINE_BYTES", 40)
    long = json.dumps({"id": "long", "body": "x" * 40}).encode()
    assert told(read(LinesReader(PLAIN), long + b'\n{"id": "a"}\n')) == [(1, "line_too_long"), (2, "a")]
    rows = b"id,body\nlong," + b"x" * 40 + b"\na,b\n"
    assert told(read(RowsReader(PLAIN), rows)) == [(2, "line_too_long"), (3, "a")]
    endless = b'id,body\na,"' + b"0123456789\n" * 5 + b"b,c\n"
    assert told(read(RowsReader(PLAIN), endless))[0] == (2, "malformed_row")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'\xef\xbb\xbf{"id": "a"}', "a"),
        (b'{"id": "a"}\r', "a"),
        (b'{"id": "caf\xe9"}', "not_utf8"),
        ('{"id": "a"}'.encode("utf-16"), "not_utf8"),
        (b'{"id": "a", "id": "b"}', "b"),
        (b'{"id": "a", "title": "\\ud800"}', "invalid_document"),
        (b'{"id": "a", "metadata": {"x": NaN}}', "invalid_document"),
        (b'{"id": "a", "title": "\\u0000"}', "invalid_document"),
        (b"[" * 100_000, "not_json"),
        (b"null", "not_an_object"),
        (b'{"id": "\\u0000"}', "invalid_document"),
    ],
)
def test_whatever_a_line_has(line: bytes, code: str) -> None:
    assert told(read(LinesReader(PLAIN), line)) == [(1, code)]


def test_a_problem_tells_the_id_as_it_may_be_shown() -> None:
    (item,) = read(LinesReader(PLAIN), b'{"id": "a\\u0000\\ud800"}')
    assert isinstance(item.outcome, ItemProblem)
    assert item.outcome.document_id == "a?"


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12),
            st.text(st.sampled_from('ab",\n '), max_size=12),
        ),
        max_size=5,
    ),
    st.integers(1, 20),
)
def test_rows_are_those_that_were_written(cells: list[tuple[str, str]], size: int) -> None:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["id", "body", "metadata.note"])
    for number, (body, note) in enumerate(cells):
        writer.writerow([f"r{number}", body, note])
    content = written.getvalue().encode()
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    items = read(RowsReader(PLAIN), *pieces)
    documents = [item.outcome for item in items if isinstance(item.outcome, DocumentInput)]
    assert [(document.body, document.metadata.get("note", "")) for document in documents] == cells
    # Whoever begins after an item goes on with the next.
    for item in items[:1]:
        rest = RowsReader(PLAIN, start=item.end, line=item.last_line, columns=("id", "body", "metadata.note"))
        assert read(rest, content[item.end :]) == items[1:]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\n\nid\n\na\n", [(5, "a")]),
        (b'id,body\na,"never\nclosed\n', [(2, "malformed_row")]),
        (b'id,body\na,"x"y\nb,c\n', [(2, "malformed_row"), (3, "b")]),
        (b"id,body\n\xff,x\nb,c\n", [(2, "not_utf8"), (3, "b")]),
        (b'id,body\na,"x\n\xff"\nb,c\n', [(2, "not_utf8"), (4, "b")]),
        (b"_id,text\na,b\n", [(2, "a")]),
        (b"id\n", []),
        (b"", []),
    ],
)
def test_whatever_rows_have(content: bytes, expected: list[tuple[int, str]]) -> None:
    assert told(read(RowsReader(PLAIN), content)) == expected


@pytest.mark.parametrize("header", [b"\xff,id\n", b'id,"x"y\n', b"title\n", b"id,a,a\n", b"x" * 5_000_001])
def test_rows_below_a_bad_header_are_not_read(header: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read(RowsReader(PLAIN), header + b"\na,b\n")


def test_a_bad_header_is_shown_as_it_may_be_stored() -> None:
    doubled = b",".join([b"a\x00b" * 100] * 2)
    with pytest.raises(InvalidRequest) as raised:
        read(RowsReader(PLAIN), doubled + b",id\n")
    assert raised.value.message.startswith("The header has abab")
    assert len(raised.value.message) < 300


@pytest.mark.parametrize("id_field", [None, "key"])
def test_each_line_may_have_names_of_its_own(id_field: str | None) -> None:
    lines = [
        {"id": "a", "body": "One."},
        {"_id": "b", "text": "Two."},
        {"id": "c", "body": "Three.", "title": "3"},
        {"_id": "d", "body": "Four."},
    ]
    keys = [{**line, **({id_field: f"key-{place}"} if id_field else {})} for place, line in enumerate(lines)]
    content = b"\n".join(json.dumps(line).encode() for line in keys)
    ids = ["key-0", "key-2"] if id_field else ["a", "b", "c", "d"]
    items = read(LinesReader(ImportOptions(id_field=id_field)), content)
    assert [item.outcome.id for item in items if isinstance(item.outcome, DocumentInput)] == ids


def test_the_id_is_in_the_field_that_is_named() -> None:
    options = ImportOptions(id_field="sku")
    content = b'{"sku": "a", "id": "other"}\n{"id": "b"}\n'
    assert told(read(LinesReader(options), content)) == [(1, "a"), (2, "invalid_document")]
    with pytest.raises(InvalidRequest, match="no column sku"):
        read(RowsReader(options), b"id\na\n")


COERCE, DROP = ImportOptions(DirtyPolicy.COERCE), ImportOptions(DirtyPolicy.DROP)


@pytest.mark.parametrize(
    ("options", "fields", "expected"),
    [
        (COERCE, {"id": 7, "title": 1.5, "url": True}, {"id": "7", "title": "1.5", "url": "true"}),
        (COERCE, {"id": " a ", "body": None}, {"id": "a", "body": ""}),
        (COERCE, {"id": "a", "title": "x" * 1_001}, {"id": "a", "title": "x" * 1_000}),
        (
            COERCE,
            {"id": "a", "tags": ["\x01b", {"\x00c": "d"}], "metadata": "no"},
            {"id": "a", "metadata": {"tags": ["b", {"c": "d"}]}},
        ),
        (COERCE, {"id": "a", "title": None}, {"id": "a", "title": None}),
        (COERCE, {"id": "a", "title": float("inf")}, None),
        (COERCE, {"id": None}, None),
        (COERCE, {"body": "no id"}, None),
        (
            DROP,
            {"id": "a", "colour": 1, "metadata": {"x": float("nan"), "y": 1}},
            {"id": "a", "metadata": {"y": 1}},
        ),
        (DROP, {"id": "a", "metadata": {"x" * 300: 1}}, {"id": "a", "metadata": {}}),
        (DROP, {"id": 7}, None),
    ],
)
def test_what_policies_mend(
    options: ImportOptions, fields: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    (item,) = read(LinesReader(options), json.dumps(fields).encode())
    if expected is None:
        assert isinstance(item.outcome, ItemProblem)
    else:
        assert item.outcome == DocumentInput(**expected)


def test_what_lies_too_deep_is_left_out() -> None:
    deep: Any = "\x00"
    for _ in range(25):
        deep = [deep]
    (item,) = read(LinesReader(COERCE), json.dumps({"id": "a", "deep": deep, "flat": 1}).encode())
    assert item.outcome == DocumentInput(id="a", metadata={"flat": 1})
