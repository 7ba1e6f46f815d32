"""GET /v1/collections/{collection}/suggest."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.builders.events import answer, error_answer, http_event, usage_of
from tests.builders.functions import TIME_OF_ANY, Functions
from tests.functions.conftest import Upsert

SUGGEST = "/v1/collections/guides/suggest"
DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "1",
        "title": "Passwords",
        "body": "Reset a password in the settings.",
        "url": "https://a.example/1",
    },
    {"id": "2", "title": "Passports", "body": "Renew a passport at the <border>."},
    {"id": "3", "title": "Resets", "body": "A password reset, and another reset."},
    {"id": "4", "title": "Länder", "body": "Die Straße ist well-known 数据库."},
]


def suggest(functions: Functions, **query: object) -> dict[str, Any]:
    return functions("documents_suggest", http_event("GET", SUGGEST, query=urlencode(query)))


def suggested(functions: Functions, q: str, **query: object) -> list[tuple[str, str, int]]:
    found = suggest(functions, q=q, **query)
    assert found["statusCode"] == 200
    return [(item["text"], item["highlight"], item["documents"]) for item in found["body"]["suggestions"]]


def test_an_answer(functions: Functions, guides: Upsert) -> None:
    guides(*DOCUMENTS)
    expected = {
        "suggestions": [
            {"text": "password", "highlight": "pass<mark>word</mark>", "documents": 2},
            {"text": "passport", "highlight": "pass<mark>port</mark>", "documents": 1},
        ],
        "documents": [
            {"id": "1", "title": "Passwords", "url": "https://a.example/1"},
            {"id": "2", "title": "Passports", "url": None},
        ],
        "took_ms": TIME_OF_ANY,
        "usage": usage_of(),
    }
    assert suggest(functions, q="pass") == answer(200, expected, **{"x-cache": "bypass"})


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("password", [("password", "password", 2)]),
        ("Pass", [("Password", "Pass<mark>word</mark>", 2), ("Passport", "Pass<mark>port</mark>", 1)]),
        ("reset p", [("reset password", "reset p<mark>assword</mark>", 2)]),
        # Nothing completes what is mistyped, so that it is corrected.
        ("pasword", [("password", "<mark>password</mark>", 2)]),
        ("renew pasport", [("renew passport", "renew <mark>passport</mark>", 1)]),
        ("renwe pass", [("renew passport", "<mark>renew</mark> pass<mark>port</mark>", 1)]),
        ("a the res", [("a the reset", "a the res<mark>et</mark>", 2)]),
        ("zebra pass", []),
        ("passwords pass", [("passwords password", "passwords pass<mark>word</mark>", 2)]),
        ("well-kn", [("well-known", "well-kn<mark>own</mark>", 1)]),
        ("(pass!", [("password", "pass<mark>word</mark>", 2), ("passport", "pass<mark>port</mark>", 1)]),
        ("die straß", [("die straße", "die straß<mark>e</mark>", 1)]),
        ("<b> pass", []),
        ("& pass", [("& password", "&amp; pass<mark>word</mark>", 2),
                    ("& passport", "&amp; pass<mark>port</mark>", 1)]),
        ("数据", []),
        ("🙂", []),
        ("!!!", []),
        ("the", []),
        ("reset " * 12 + "pass", [("reset " * 12 + "password", "reset " * 12 + "pass<mark>word</mark>", 2)]),
    ],
)  # fmt: skip
def test_queries_become_others(
    functions: Functions, guides: Upsert, q: str, expected: list[tuple[str, str, int]]
) -> None:
    guides(*DOCUMENTS)
    assert suggested(functions, q) == expected


def test_what_is_deleted_is_not_suggested(functions: Functions, guides: Upsert) -> None:
    guides(*DOCUMENTS)
    functions("documents_delete", http_event("DELETE", "/v1/collections/guides/documents/2"))
    assert [text for text, _, _ in suggested(functions, "pass")] == ["password"]
    assert suggested(functions, "reset p", limit=1) == [("reset password", "reset p<mark>assword</mark>", 2)]
    guides({"id": "1", "body": "Nothing of it."})
    assert suggested(functions, "reset p") == [("reset password", "reset p<mark>assword</mark>", 1)]


@pytest.mark.parametrize(
    ("query", "field"),
    [({}, "q"), ({"q": " "}, "q"), ({"q": "x" * 1_001}, "q"), ({"q": "x", "limit": 51}, "limit"),
     ({"q": "x", "mode": "hybrid"}, "mode"), ({"q": "\0"}, "q")],
)  # fmt: skip
def test_what_cannot_be_asked(
    functions: Functions, guides: Upsert, query: dict[str, object], field: str
) -> None:
    guides(*DOCUMENTS)
    refused = suggest(functions, **query)
    assert (refused["statusCode"], [detail["field"] for detail in refused["body"]["error"]["details"]]) == (
        422,
        [field],
    )


def test_a_collection_that_is_not_there(functions: Functions) -> None:
    refused = suggest(functions, q="pass")
    details = [{"field": "collection", "message": "no guides"}]
    assert refused == error_answer(
        404, "collection_not_found", "There is no collection of that name.", "not_found", details
    )
