"""Lines and rows with something wrong in them: each is a document or a problem, and is counted once."""

import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.documents import DocumentInput
from shared.domain.import_items import LinesReader, RowsReader
from shared.domain.imports import DirtyPolicy, ImportOptions, ItemProblem, ReadItem
from shared.errors import InvalidRequest
from tests.builders.damage import damaged

NDJSON = """{"id": "one", "title": "One", "body": "A text.", "metadata": {"year": 2026, "tags": ["a", null]}}

{"_id": "two", "text": "In other words. \\ud83d\\ude00", "url": "https://example.com/2"}\r
{"sku": 7, "body": null, "colour": 1.5, "page_starts": [0, 3]}
"""
CSV = """id,title,body,url,year,metadata.tag\r
one,"One, two","First line
second ""line""\",https://example.com,2026,a\r
\r
two,,,,007,\r
"""
LINES = (
    NDJSON.encode(),
    '\ufeff{"id": "drei", "body": "Täler\\nund 日本", "metadata": {"a": {"b": [1, [2]]}}}'.encode(),
)
ROWS = (CSV.encode(), "\ufeff_id,text,sku\ndrei,Täler 日本,7\nvier,,true\n".encode())
OPTIONS = st.builds(ImportOptions, st.sampled_from(DirtyPolicy), st.sampled_from((None, "sku", "id")))


def read(reader: LinesReader | RowsReader, content: bytes, size: int) -> list[ReadItem]:
    found: list[ReadItem] = []
    for start in range(0, len(content), size):
        found += reader.feed(content[start : start + size])
    return [*found, *reader.finish()]


def assert_each_is_counted_once(items: Sequence[ReadItem], content: bytes) -> None:
    line, end = 0, 0
    for item in items:
        assert line < item.line <= item.last_line
        assert end < item.end <= len(content)
        line, end = item.last_line, item.end
        if isinstance(item.outcome, ItemProblem):
            assert item.outcome.line == item.line
            assert 0 < len(item.outcome.message) <= 1_000
            told = f"{item.outcome.document_id}{item.outcome.message}"
        else:
            # As it will be stored and read again.
            told = json.dumps(item.outcome.model_dump(), ensure_ascii=False)
            assert DocumentInput.model_validate_json(item.outcome.model_dump_json()) == item.outcome
        assert "\x00" not in told.encode().decode()
    assert line <= content.count(b"\n") + 1


@settings(max_examples=300, deadline=2_000)
@given(damaged(LINES), OPTIONS, st.integers(1, 500))
def test_damaged_lines(content: bytes, options: ImportOptions, size: int) -> None:
    reader = LinesReader(options)
    items = read(reader, content, size)
    assert_each_is_counted_once(items, content)
    texts = [
        text.removeprefix(b"\xef\xbb\xbf") if not at else text for at, text in enumerate(content.split(b"\n"))
    ]
    assert [item.line for item in items] == [at for at, text in enumerate(texts, 1) if text.strip()]


@settings(max_examples=300, deadline=2_000)
@given(damaged(ROWS), OPTIONS, st.integers(1, 500))
def test_damaged_rows(content: bytes, options: ImportOptions, size: int) -> None:
    reader = RowsReader(options)
    try:
        items = read(reader, content, size)
    except InvalidRequest as error:
        refusal = error
    else:
        assert_each_is_counted_once(items, content)
        return
    assert refusal.message.startswith(
        ("The header has", "The row is not CSV", "The line ", "A quote that opens")
    )
    assert "\x00" not in refusal.message
