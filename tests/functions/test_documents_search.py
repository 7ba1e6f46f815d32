"""POST and GET /v1/collections/{collection}/search. What is found, and why: tests/integration."""

import math
from typing import Any

import pytest

from shared.embeddings.protocol import Embedder
from shared.errors import EmbedderUnavailable
from tests.builders.embedders import FailingEmbedder
from tests.builders.events import answer, error_answer, http_event, usage_of
from tests.builders.functions import TIME_OF_ANY, Functions
from tests.functions.conftest import Upsert

SEARCH = "/v1/collections/guides/search"
UNCACHED = {"x-cache": "bypass"}
CATS: dict[str, Any] = {
    "id": "cats",
    "title": "Cats",
    "body": "# Habits\n\nCats <sit> on mats & sleep.",
    "url": "https://example.com/cats",
    "metadata": {"year": 2020},
}
DOGS = {"id": "dogs", "body": "Dogs bark at night.", "metadata": {"year": 2021}}


def search(functions: Functions, **request: Any) -> dict[str, Any]:
    return functions("documents_search", http_event("POST", SEARCH, request))


def near(score: float) -> Any:
    return pytest.approx(score, abs=2e-6)


def test_a_search_by_words(functions: Functions, guides: Upsert) -> None:
    guides(CATS, DOGS)
    expected = {
        "hits": [
            {
                "document": {
                    "id": "cats",
                    "title": "Cats",
                    "url": "https://example.com/cats",
                    "metadata": {"year": 2020},
                    "created_at": TIME_OF_ANY,
                    "updated_at": TIME_OF_ANY,
                },
                # "cat" twice among 6 words, of 4.5 on average, of which once in the title, which counts three
                # times; the share of one word of one.
                "score": near(math.sqrt(4 / (4 + 0.3 + 0.9 * 6 / 4.5))),
                "passages": [
                    {
                        "text": "# Habits\n\nCats <sit> on mats & sleep.",
                        "highlight": "# Habits\n\n<mark>Cats</mark> &lt;sit&gt; on mats &amp; sleep.",
                        "snippet": None,
                        "start": 0,
                        "end": len(CATS["body"]),
                        "page": None,
                        "heading": "Habits",
                        "score": near(math.sqrt(2 / (2 + 1.2))),
                    }
                ],
                "group": None,
                "explain": None,
            }
        ],
        "found": 1,
        "found_exact": True,
        "facets": {},
        "next_offset": None,
        "mode": "keyword",
        "degraded": [],
        "took_ms": TIME_OF_ANY,
        "usage": usage_of(searches=1),
    }
    assert search(functions, q="cat", mode="keyword") == answer(200, expected, **UNCACHED)
    by_address = http_event("GET", SEARCH, query="q=cat&mode=keyword")
    assert functions("documents_search", by_address) == answer(200, expected, **UNCACHED)


def test_a_search_by_meaning_and_words(functions: Functions, guides: Upsert) -> None:
    guides(CATS, DOGS)
    functions.process("chunks_embed", {"schedule": "now"})
    found = search(functions, q="canine noise", include_fields=["id"], passages=0, explain=True)
    hits = found["body"].pop("hits")
    assert found == answer(
        200,
        {
            "found": 2,
            "found_exact": False,
            "facets": {},
            "next_offset": None,
            "mode": "hybrid",
            "degraded": [],
            "took_ms": TIME_OF_ANY,
            "usage": usage_of(searches=1, embedded_queries=1, embedded_tokens=3),
        },
        **UNCACHED,
    )
    assert [hit["document"] for hit in hits] == [{"id": "dogs"}, {"id": "cats"}]
    for hit in hits:
        explain = hit["explain"]
        assert explain == {
            "keyword": 0.0,
            "semantic": explain["semantic"],
            "alpha": explain["alpha"],
            "feedback": 0.0,
            "near_best": 0.0,
            "fusion": "weighted",
            "pinned": False,
            "vector_scan": "exact",
            "keyword_scan": "complete",
        }
        assert hit["score"] == near(explain["semantic"] * explain["alpha"])
        assert hit["passages"] == []


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_words_still_answer_while_the_embedder_is_down(
    functions: Functions, guides: Upsert, embedder: Embedder, mode: str
) -> None:
    guides(CATS, DOGS)
    down = FailingEmbedder(embedder, lambda _: EmbedderUnavailable())
    event = http_event("POST", SEARCH, {"q": "bark", "mode": mode, "include_fields": ["id"], "passages": 0})
    degraded = functions("documents_search", event, replace={"embedder": down})
    assert degraded == answer(
        200,
        {
            "hits": [
                {
                    "document": {"id": "dogs"},
                    "score": near(math.sqrt(1 / (1 + 0.3 + 0.9 * 3 / 4.5))),
                    "passages": [],
                    "group": None,
                    "explain": None,
                }
            ],
            "found": 1,
            "found_exact": True,
            "facets": {},
            "next_offset": None,
            "mode": "keyword",
            "degraded": ["semantic"],
            "took_ms": TIME_OF_ANY,
            "usage": usage_of(searches=1),
        },
        **UNCACHED,
    )


def test_an_answer_is_cut_at_what_lambda_can_answer(functions: Functions, guides: Upsert) -> None:
    for start in (0, 30):
        guides(
            *(
                {"id": f"d{n:02}", "body": "cat", "metadata": {"t": "y" * 95_000}}
                for n in range(start, start + 30)
            )
        )
    ids: list[str] = []
    offset: int | None = 0
    while offset is not None:
        request = {"q": "cat", "mode": "keyword", "limit": 100, "offset": offset}
        event = http_event("POST", SEARCH, request)
        assert len(functions("documents_search", event, raw=True)["body"].encode()) < 5_000_000
        found = functions("documents_search", event)["body"]
        ids += [hit["document"]["id"] for hit in found["hits"]]
        assert found["next_offset"] in {None, len(ids)}
        offset = found["next_offset"]
    assert sorted(ids) == [f"d{n:02}" for n in range(60)]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({}, "q"),
        ({"q": ""}, "q"),
        ({"q": " \t\n\u00a0"}, "q"),
        ({"q": None}, "q"),
        ({"q": 7}, "q"),
        ({"q": "a\x00"}, "q"),
        ('{"q": "\\udfff"}', "q"),
        ({"q": "x" * 10_001}, "q"),
        ({"q": "a", "mode": "fuzzy"}, "mode"),
        ({"q": "a", "alpha": 1.1}, "alpha"),
        ('{"q": "a", "alpha": NaN}', "alpha"),
        ({"q": "a", "limit": 0}, "limit"),
        ({"q": "a", "limit": -1}, "limit"),
        ({"q": "a", "limit": 1_000_000_000}, "limit"),
        ({"q": "a", "limit": 1.5}, "limit"),
        ('{"q": "a", "limit": Infinity}', "limit"),
        ({"q": "a", "offset": -1}, "offset"),
        ({"q": "a", "offset": 991}, "offset"),
        ({"q": "a", "limit": 100, "offset": 901}, "offset"),
        ({"q": "a", "offset": 1_000_000_000}, "offset"),
        ('{"q": "a", "min_score": -Infinity}', "min_score"),
        ({"q": "a", "passages": 11}, "passages"),
        ({"q": "a", "include_fields": ["password"]}, "include_fields.0"),
        ({"q": "a", "filter": "a\x00 = 1"}, "filter"),
        ({"q": "a", "filter": "a" * 10_001}, "filter"),
        ('{"q": "a", "filter": "\\ud800 = 1"}', "filter"),
        ({"q": "a", "fields": ["title"]}, "fields"),
        ([], "body"),
        (None, "body"),
    ],
)
def test_what_no_search_can_be(functions: Functions, guides: Upsert, request_: object, field: str) -> None:
    guides(CATS)
    refused = functions("documents_search", http_event("POST", SEARCH, request_))
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["code"] == "invalid_request"
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == [field]


@pytest.mark.parametrize(
    "query", ["", "q=", "q=%00", "q=a&limit=0", "q=a&limit=ten", "q=a&unknown=1", "q=a&q=b&x"]
)
def test_what_no_search_by_address_can_be(functions: Functions, guides: Upsert, query: str) -> None:
    guides(CATS)
    refused = functions("documents_search", http_event("GET", SEARCH, query=query))
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["details"]


@pytest.mark.parametrize(
    ("name", "path"),
    [("documents_search", SEARCH), ("documents_delete_by_filter", "/v1/collections/guides/documents/delete")],
)
def test_a_filter_that_cannot_be_read_is_pointed_at(
    functions: Functions, guides: Upsert, name: str, path: str
) -> None:
    guides(CATS)
    body = {"q": "cat"} if name == "documents_search" else {}
    refused = functions(name, http_event("POST", path, {**body, "filter": "year >= 2020 AND ="}))
    message = "expected a field name, EXISTS, GEO_RADIUS, GEO_BOX, NOT or '(', but found ="
    assert refused == error_answer(
        422,
        "invalid_filter",
        f"The filter cannot be parsed at column 18: {message}.",
        "invalid_request",
        [{"field": "filter", "column": 18, "message": message}],
    )
    unknown = functions(name, http_event("POST", path, {**body, "filter": "year = 1 AND yaer.x = 2"}))
    assert unknown == error_answer(
        422,
        "unknown_field",
        "The request names a metadata field that no document of this collection has.",
        "invalid_request",
        [
            {
                "field": "filter",
                "column": 14,
                "message": "no document has the metadata field yaer.x; there are: year",
            }
        ],
    )


@pytest.mark.parametrize(
    "q",
    [
        "'",
        "\\",
        "http://example.com/it's?x=1\\2|3&' <b>\"cat\" \\ : * & | ! ( ) '",
        "cat & | ! ( :* <-> \x02cat\x03 %s %(q)s",
        " ".join(f"{first}{second}" for first in "abcdefghijklmnop" for second in "abcdefghijklmnopqr" * 4),
        "x" * 10_000,
        "\u0301\u200b\U0001f600 \ufdfa",
    ],
)
def test_any_other_text_may_be_looked_for(functions: Functions, guides: Upsert, q: str) -> None:
    guides(CATS)
    for mode in ("keyword", "hybrid"):
        assert search(functions, q=q, mode=mode)["statusCode"] == 200
