"""PATCH /v1/collections/{collection}/documents/{id}."""

import pytest

from tests.builders.events import answer, error_answer
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert
from tests.functions.test_documents import UNCACHED, get, patch, shown


def test_a_change_of_parts_leaves_the_others(functions: Functions, guides: Upsert) -> None:
    guides({"id": "a", "title": "Cats", "body": "Cats sit.", "url": "u", "metadata": {"n": 1, "tags": ["x"]}})
    expected = shown(
        "a",
        title="Cats",
        body="Cats sit.",
        url="u",
        metadata={"n": 2, "tags": ["x"], "new": None},
        embedding_state="pending",
    )
    changed = patch(functions, "a", {"metadata": {"n": 2, "new": [1]}})
    assert changed == answer(200, {**expected, "metadata": {"n": 2, "tags": ["x"], "new": [1]}})
    changed = patch(functions, "a", {"title": None, "url": "v", "metadata": {"new": None, "absent": None}})
    expected = {**expected, "title": None, "url": "v", "metadata": {"n": 2, "tags": ["x"]}}
    assert changed == answer(200, expected)
    changed = patch(functions, "a", {"body": ""})
    assert changed == answer(200, {**expected, "body": "", "embedding_state": "ready"})
    assert get(functions, "a") == answer(
        200, {**expected, "body": "", "embedding_state": "ready"}, **UNCACHED
    )


def test_numbers_that_grow_in_storage_can_still_be_changed(functions: Functions, guides: Upsert) -> None:
    guides({"id": "a", "metadata": {"numbers": [1e300] * 12_000}})
    refused = patch(functions, "a", {"title": "A"})
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["details"] == [
        {"field": "metadata", "message": "may have 100000 bytes at most"}
    ]
    assert patch(functions, "a", {"metadata": {"numbers": None}})["statusCode"] == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "body"),
        ({"body": None}, "body"),
        ({"metadata": None}, "metadata"),
        ({"metadata": {"a": "x" * 100_000}}, "metadata"),
        ({"metadata": {"a": "\x00"}}, "metadata"),
        ({"title": "x" * 1_001}, "title"),
        ({"url": "x" * 2_001}, "url"),
        ({"title": "\x00"}, "title"),
        ('{"title": "\\udc00"}', "title"),
        ('{"body": "\\ud800"}', "body"),
        ({"id": "b"}, "id"),
        (None, "body"),
    ],
)
def test_what_no_change_can_be(functions: Functions, guides: Upsert, change: object, field: str) -> None:
    guides({"id": "a", "body": "Cats sit."})
    refused = patch(functions, "a", change)
    assert refused["statusCode"] == 422
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == [field]
    unchanged = shown("a", body="Cats sit.", embedding_state="pending")
    assert get(functions, "a") == answer(200, unchanged, **UNCACHED)


def test_merged_metadata_may_not_grow_too_large(functions: Functions, guides: Upsert) -> None:
    guides({"id": "a", "metadata": {"a": "x" * 60_000}})
    refused = patch(functions, "a", {"metadata": {"b": "x" * 60_000}})
    assert refused == error_answer(
        422,
        "invalid_request",
        "The request does not have the expected form.",
        "invalid_request",
        [{"field": "metadata", "message": "may have 100000 bytes at most"}],
    )
