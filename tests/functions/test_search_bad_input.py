"""Searches that nobody should ask: refused with the field at fault, or answered, and soon either way."""

import time
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.builders.twenty_documents import OUTFITTER, ids

SECONDS = 2.0
DEEPEST, MOST_CLAUSES, MOST_RESULTS = 50, 500, 1_000
STRANGE = {
    "ten thousand characters": "x" * 10_000,
    "one-letter words": " ".join("bcdfg"[n % 5] for n in range(5_000)),
    "different words": " ".join(f"{n:x}q" for n in range(2_000)),
    "stop words": "the of and to",
    "punctuation": "?!? ... — //// ''' (((",
    "emoji": "😀 👩‍🚀 🏳️‍🌈",
    "emoji of one flag": "🇳🇴" * 2_000,
    "right to left": "שלום العربية مرحبا",
    "right to left, in marks": "\u202eshelter\u202c \u200f\u2067tent\u2069",
    "no spaces": "日本語の検索 漢字 テント",
    "combining marks": "a" + "\u0301" * 5_000,
    "unbalanced quote": '"warm nights',
    "unbalanced quotes of several kinds": '“warm "nights« -"',
    "quotes in quotes": '"" " "" -"" "-" -" "',
    "a query of Postgres": "tent & ! | <-> :* ' \\ %s %(q)s $1 /*conditions*/ -- ;",
    "a hyphen alone": "-",
    "long word with typos": "constelllation" * 700,
}


def call(functions: Functions, event: dict[str, Any], name: str = "documents_search") -> dict[str, Any]:
    started = time.perf_counter()
    answered = functions(name, event)
    assert time.perf_counter() - started < SECONDS
    return answered


def ask(functions: Functions, q: str = "shelter", **request: Any) -> dict[str, Any]:
    return call(functions, http_event("POST", f"{OUTFITTER}/search", {"q": q, **request}))


def refusal(answered: dict[str, Any]) -> tuple[int, str, list[str], str]:
    """The status, the code, the fields at fault, and what is said of the first."""
    error = answered["body"]["error"]
    return (
        answered["statusCode"],
        error["code"],
        [detail["field"] for detail in error["details"]],
        error["details"][0]["message"],
    )


@pytest.fixture(autouse=True)
def warm(outfitter: Functions) -> None:
    """What is measured is no first call, which loads the embedding model."""
    assert ids(
        outfitter("documents_search", http_event("GET", f"{OUTFITTER}/search", query="q=tent"))["body"]
    )


@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
@pytest.mark.parametrize("q", STRANGE.values(), ids=STRANGE.keys())
def test_strange_queries_are_answered(outfitter: Functions, q: str, mode: str) -> None:
    found = ask(outfitter, q, mode=mode, facets=["kind"], passages=3, snippet_words=5, explain=True)
    assert found["statusCode"] == 200, found
    assert found["body"]["mode"] == mode
    assert all(0 <= hit["score"] <= 1 for hit in found["body"]["hits"])


@pytest.mark.parametrize(
    ("q", "hits"),
    [
        ("the of and to", []),
        ("?!? ...", []),
        ("😀", []),
        ("テント", []),
        ('"warm nights', ["summer-bag", "star-book", "winter-boots", "down-bag"]),
        ("\u202eshelter\u202c", ["trail-tent", "alpine-tent"]),
        ("shelter the of and 😀 ?!", ["trail-tent", "alpine-tent"]),
    ],
)
def test_strange_queries_find_what_they_say(outfitter: Functions, q: str, hits: list[str]) -> None:
    assert ids(ask(outfitter, q, mode="keyword")["body"]) == hits


def nested(levels: int) -> str:
    return "(" * levels + "price > 400" + ")" * levels


def clauses(count: int) -> str:
    return " OR ".join(["price>9999"] * (count - 1) + ["draft=true"])


def test_the_largest_filters_are_answered(outfitter: Functions) -> None:
    assert len(clauses(MOST_CLAUSES)) < 10_000
    assert ids(ask(outfitter, "*", filter=clauses(MOST_CLAUSES))["body"]) == ["whistle"]
    dear = ["alpine-tent", "gravel-bike", "cargo-bike"]
    assert ids(ask(outfitter, "*", filter=nested(DEEPEST))["body"]) == dear
    assert ids(ask(outfitter, "*", filter="NOT " * DEEPEST + "price > 400")["body"]) == dear


@pytest.mark.parametrize(
    ("request_", "field", "says"),
    [
        ({"q": "x" * 10_001}, "q", "10000 characters"),
        ({"q": " \u200a\n"}, "q", "something to look for"),
        ({"q": "a" + " -b" * 101}, "q", "100 quoted phrases and exclusions"),
        ({"q": '"a" ' * 101}, "q", "100 quoted phrases and exclusions"),
        ({"limit": 1_000_000}, "limit", "less than or equal to 100"),
        ({"limit": 100, "offset": MOST_RESULTS - 99}, "offset", "1000 at most"),
        ({"cutoff_ms": 0}, "cutoff_ms", "greater than or equal to 1"),
        ({"alpha": 1.01}, "alpha", "less than or equal to 1"),
        ({"fusion": "sum"}, "fusion", "'weighted', 'min_max' or 'rrf'"),
        ({"facets": ["kind"] * 21}, "facets", "at most 20"),
        ({"facets": [""]}, "facets.0", "at least 1 character"),
        ({"facets": ["a b"]}, "facets", "'a b' is not a field's name"),
        ({"facet_limit": 201}, "facet_limit", "less than or equal to 200"),
        ({"facets": ["kind"], "facet_query": "kind"}, "facet_query", "field:text"),
        ({"facets": ["kind"], "facet_query": "brand:No"}, "facet_query", "one of the facets"),
        ({"facet_query": "kind:te"}, "facet_query", "one of the facets"),
        ({"sort": ["price"] * 6}, "sort", "at most 5"),
        ({"sort": ["price:up"]}, "sort", "'price:up' is not a field's name"),
        ({"sort": [""]}, "sort", "is not a field's name"),
        ({"sort": ["price:desc:asc"]}, "sort", "is not a field's name"),
        ({"sort": ["_geo(store,91,0)"]}, "sort", "a latitude is between -90 and 90 degrees"),
        ({"sort": ["_geo(store)"]}, "sort", "_geo(field, latitude, longitude)"),
        ({"sort": ["_geo(store,1,2):up"]}, "sort", "_geo(field, latitude, longitude)"),
        ({"group_by": "a..b"}, "group_by", "is not a field's name"),
        ({"group_by": "kind", "group_size": 21}, "group_size", "less than or equal to 20"),
        ({"boosts": [{"field": "price"}]}, "boosts.0", "either half or half_life_days"),
        ({"boosts": [{"field": "price", "half": 1, "half_life_days": 1}]}, "boosts.0",
         "either half or half_life_days"),
        ({"boosts": [{"field": "price", "half": 0}]}, "boosts.0.half", "greater than 0"),
        ({"boosts": [{"field": "a b", "half": 1}]}, "boosts", "is not a field's name"),
        ({"snippet_words": 4}, "snippet_words", "greater than or equal to 5"),
        ({"colour": "red"}, "colour", "not permitted"),
    ],
    ids=lambda part: repr(part)[:50],
)  # fmt: skip
def test_what_cannot_be_asked_names_its_field(
    outfitter: Functions, request_: dict[str, Any], field: str, says: str
) -> None:
    status, code, fields, message = refusal(ask(outfitter, **request_))
    assert (status, code, fields) == (422, "invalid_request", [field])
    assert says in message


@pytest.mark.parametrize(
    ("filter_", "column", "says"),
    [
        (clauses(MOST_CLAUSES + 1), len(clauses(MOST_CLAUSES + 1)) - 9, "500 comparisons at most"),
        (nested(DEEPEST + 1), 51, "nested 50 deep at most"),
        ("NOT " * (DEEPEST + 1) + "price > 400", 201, "nested 50 deep at most"),
        ("(" * 5_000, 51, "nested 50 deep at most"),
        ('kind = "tent', 8, "no closing quote"),
        ("GEO_RADIUS(store, 95, 0, 1)", 12, "a latitude is between"),
        ("GEO_BOX(store, 1, 2, 3, 4)", 9, "this top is below its bottom"),
        ("price BETWEEN 1 AND 'b'", 1, "of one kind"),
        ("price = 1" + "0" * 101, 9, "100 characters at most"),
        ("price = 1e999", 9, "too large"),
        ("", 1, "the filter is empty"),
    ],
    ids=lambda part: repr(part)[:40],
)
def test_a_filter_that_cannot_be_is_pointed_at(
    outfitter: Functions, filter_: str, column: int, says: str
) -> None:
    answered = ask(outfitter, filter=filter_)
    status, code, fields, message = refusal(answered)
    assert (status, code, fields) == (422, "invalid_filter", ["filter"])
    assert answered["body"]["error"]["details"][0]["column"] == column
    assert says in message


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"filter": "yaer > 1"}, "filter"),
        ({"facets": ["yaer"]}, "facets"),
        ({"facets": ["kind", "yaer"], "facet_query": "yaer:1"}, "facets"),
        ({"facets": ["title"]}, "facets"),
        ({"sort": ["yaer.month:desc"]}, "sort"),
        ({"sort": ["_geo(yaer,1,2)"]}, "sort"),
        ({"group_by": "yaer"}, "group_by"),
        ({"boosts": [{"field": "yaer", "half": 1}]}, "boosts"),
    ],
    ids=repr,
)
def test_fields_that_no_document_has(outfitter: Functions, request_: dict[str, Any], field: str) -> None:
    status, code, fields, message = refusal(ask(outfitter, **request_))
    assert (status, code, fields) == (422, "unknown_field", [field])
    assert "there are: " in message


@pytest.mark.parametrize(
    ("request_", "hits"),
    [
        # Fields that some document has, and values of a kind that no document has there.
        ({"sort": ["maker", "tags"]}, ["alpine-tent", "trail-tent"]),
        ({"sort": ["_geo(price,1,2)"]}, ["alpine-tent", "trail-tent"]),
        ({"group_by": "maker"}, ["trail-tent", "alpine-tent"]),
        ({"boosts": [{"field": "brand", "half": 1e-300}]}, ["trail-tent", "alpine-tent"]),
        ({"boosts": [{"field": "kind", "half_life_days": 1e6}]}, ["trail-tent", "alpine-tent"]),
        ({"boosts": [{"field": "price", "half": 1e15}]}, ["trail-tent", "alpine-tent"]),
        ({"filter": "kind.of.what > 7"}, []),
        ({"filter": "kind IN []"}, []),
        ({"filter": "GEO_RADIUS(kind, 0, 0, 99999999999)"}, []),
        ({"filter": 'released > "2024-02-31"'}, ["trail-tent", "alpine-tent"]),
        ({"offset": MOST_RESULTS - 10}, []),
        ({"min_score": 1}, []),
    ],
    ids=lambda part: repr(part)[:60],
)
def test_what_makes_little_sense_is_answered(
    outfitter: Functions, request_: dict[str, Any], hits: list[str]
) -> None:
    found = ask(outfitter, mode="keyword", **request_)
    assert found["statusCode"] == 200, found
    assert ids(found["body"]) == hits


@pytest.mark.parametrize(
    ("name", "method", "path", "body", "expected"),
    [
        ("documents_similar", "GET", f"{OUTFITTER}/documents/gone/similar", None,
         (404, "document_not_found", ["id"], "no gone")),
        ("documents_similar", "GET", "/v1/collections/gone/documents/whistle/similar", None,
         (404, "collection_not_found", ["collection"], "no gone")),
        ("documents_suggest", "GET", "/v1/collections/gone/suggest", None,
         (404, "collection_not_found", ["collection"], "no gone")),
        ("documents_search", "POST", "/v1/collections/gone/search", {"q": "a"},
         (404, "collection_not_found", ["collection"], "no gone")),
    ],
)  # fmt: skip
def test_what_is_gone(
    outfitter: Functions, name: str, method: str, path: str, body: object, expected: object
) -> None:
    query = urlencode({"q": "a"}) if name == "documents_suggest" else ""
    assert refusal(call(outfitter, http_event(method, path, body, query=query), name)) == expected


@pytest.mark.parametrize("q", STRANGE.values(), ids=STRANGE.keys())
def test_strange_beginnings_are_gone_on_with_or_not(outfitter: Functions, q: str) -> None:
    event = http_event("GET", f"{OUTFITTER}/suggest", query=urlencode({"q": q[:1_000]}))
    assert call(outfitter, event, "documents_suggest")["statusCode"] == 200


def test_synonyms_in_circles(outfitter: Functions) -> None:
    circle = [f"word{n}" for n in range(100)]
    synonyms: list[Any] = [[a, b] for a, b in zip(circle, [*circle[1:], circle[0]], strict=True)]
    synonyms += [{"from": a, "to": [b, f"{a} {b}"]} for a in circle[:30] for b in circle[:1]]
    body = {"name": "circles", "settings": {"synonyms": synonyms}}
    assert outfitter("collections_create", http_event("POST", "/v1/collections", body))["statusCode"] == 201
    documents = {"documents": [{"id": "a", "body": "word1"}, {"id": "b", "body": "word5"}]}
    outfitter("documents_upsert", http_event("POST", "/v1/collections/circles/documents", documents))
    for q, hits in (("word0", ["a"]), ("word4", ["b"]), ("word9", []), (" ".join(circle * 10), ["a", "b"])):
        event = http_event(
            "POST", "/v1/collections/circles/search", {"q": q, "mode": "keyword", "typos": False}
        )
        assert sorted(ids(call(outfitter, event)["body"])) == hits
