"""What concord.upsert_document refuses, and that what it stores is hashed as the API hashes it."""

import json
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import TupleRow

from shared.domain.chunks import Chunking
from shared.domain.documents import DocumentInput, hash_document
from tests.builders.documents import a_document
from tests.builders.library import Library
from tests.builders.sql_writes import UPSERT, upsert

REFUSED = [
    ({"collection": "nope"}, "42704", "collection: there is no collection 'nope'"),
    ({"collection": None}, "42704", "collection: there is no collection null"),
    ({"id": None}, "22004", "id: must not be null"),
    ({"id": ""}, "22023", "id: An id has 1 to 256 characters"),
    ({"id": "a/b"}, "22023", "id: An id has 1 to 256 characters"),
    ({"id": "a\n"}, "22023", "id: An id has 1 to 256 characters"),
    ({"id": "a" * 257}, "22023", "id: An id has 1 to 256 characters"),
    ({"title": "t" * 1_001}, "22023", "title: may have 1000 characters at most"),
    ({"body": None}, "22004", "body: may be empty, but not null"),
    ({"body": "é" * 2_500_001}, "22023", "body: may have 5000000 bytes at most"),
    ({"url": "u" * 2_001}, "22023", "url: may have 2000 characters at most"),
    ({"metadata": None}, "22004", "metadata: may be empty, but not null"),
    ({"metadata": "[]"}, "22023", "metadata: must be an object"),
    ({"metadata": json.dumps({"a": "x" * 100_000})}, "22023", "metadata: may have 100000 bytes at most"),
    ({"metadata": '{"a":' * 21 + "1" + "}" * 21}, "22023", "metadata: may be nested 20 levels"),
    ({"metadata": '{"a":' + "[" * 20 + "]" * 20 + "}"}, "22023", "metadata: may be nested 20 levels"),
    ({"metadata": '{"a": [1e309]}'}, "22023", "metadata: must not contain numbers beyond"),
    ({"metadata": '{"a": -1e309}'}, "22023", "metadata: must not contain numbers beyond"),
    ({"metadata": json.dumps(dict.fromkeys(map(str, range(201))))}, "22023", "metadata: may have 200 fields"),
    ({"metadata": '{"' + "é" * 101 + '": 1}'}, "22023", "metadata: a field's name may have"),
    ({"metadata": '{"a": "\\u0000"}'}, "22P05", "unsupported Unicode escape sequence"),
    ({"metadata": '{"a": NaN}'}, "22P02", "invalid input syntax for type json"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "state", "message"), REFUSED)
def test_what_the_api_refuses_is_refused(
    app: psycopg.Connection[TupleRow], library: Library, wrong: dict[str, Any], state: str, message: str
) -> None:
    """With an SQLSTATE, and a message that names the argument."""
    right = {"collection": library.name, "id": "a", "title": "t", "body": "b", "url": None, "metadata": "{}"}
    with pytest.raises(psycopg.Error) as refused:
        app.execute(UPSERT, list({**right, **wrong}.values()))
    assert refused.value.sqlstate == state
    assert message in str(refused.value)


@pytest.mark.usefixtures("library")
def test_what_is_just_small_enough_is_taken(app: psycopg.Connection[TupleRow]) -> None:
    metadata = {
        "n" * 200: 1.797e308,
        "deep": json.loads("[" * 19 + "]" * 19),
        **{f"field{place}": None for place in range(198)},
    }
    assert (
        upsert(app, a_document("a" * 256, title="t" * 1_000, url="u" * 2_000, metadata=metadata)) == "created"
    )


NUMBERS = st.integers(-(2**70), 2**70) | st.floats(-1e15, 1e15).filter(
    lambda number: "e+" not in repr(number) and repr(number) != "-0.0"
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chunking=st.sampled_from(Chunking),
    title=st.none() | TEXTS,
    body=TEXTS,
    url=st.none() | TEXTS,
    metadata=st.dictionaries(TEXTS, VALUES, max_size=4),
)
def test_hashes_are_those_of_the_api(
    app: psycopg.Connection[TupleRow],
    chunking: Chunking,
    title: str | None,
    body: str,
    url: str | None,
    metadata: dict[str, Any],
) -> None:
    """However numbers are written, but for exponents and a negative zero, which do not outlast jsonb."""
    document = DocumentInput(id="a", title=title, body=body, url=url, metadata=metadata)
    values = [chunking, title, body, url, json.dumps(metadata), chunking, title, body]
    row = app.execute(
        b"SELECT concord.content_hash(%s, %s, %s, %s, %s), concord.text_hash(%s, %s, %s)", values
    ).fetchone()
    assert row == tuple(hash_document(document, chunking))


@pytest.mark.parametrize(
    "number", [1.5e15, 1234567890123456.5, -9999999999999998.0, 0.1, 1e-5, 1e-7, 5e-324, 100.0]
)
def test_numbers_are_written_as_python_writes_them(app: psycopg.Connection[TupleRow], number: float) -> None:
    row = app.execute(b"SELECT concord.canonical_json(%s)", [json.dumps(number)]).fetchone()
    assert row == (json.dumps(number),)
