"""What a search shows beside its hits, and several of its tools in one request, on twenty documents."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.builders.twenty_documents import OUTFITTER, ids, search


def values(found: dict[str, Any], facet: str) -> list[tuple[Any, int]]:
    return [(value["value"], value["count"]) for value in found["facets"][facet]["values"]]


def highlights(found: dict[str, Any]) -> dict[str, list[str]]:
    return {
        hit["document"]["id"]: [passage["highlight"] for passage in hit["passages"]] for hit in found["hits"]
    }


def groups(found: dict[str, Any]) -> list[tuple[Any, int]]:
    return [(hit["group"]["value"], hit["group"]["found"]) for hit in found["hits"]]


def test_facets(outfitter: Functions) -> None:
    norwegian = search(outfitter, "*", filter='maker.country = "NO"', facets=["kind", "tags"], limit=1)
    assert (norwegian["found"], norwegian["found_exact"]) == (5, True)
    assert values(norwegian, "kind") == [("tent", 2), ("bag", 1), ("boots", 1), ("stove", 1)]
    assert values(norwegian, "tags") == [
        ("winter", 4), ("climbing", 1), ("cooking", 1), ("hiking", 1), ("summer", 1),
    ]  # fmt: skip
    assert norwegian["facets"]["kind"]["stats"] is None
    by_words = search(outfitter, "washable", mode="keyword", facets=["maker.country", "kind"])
    assert values(by_words, "maker.country") == [("DE", 1), ("ES", 1)]
    assert values(by_words, "kind") == [("book", 1), ("boots", 1)]


def test_numbers_of_a_facet(outfitter: Functions) -> None:
    books = search(outfitter, "*", filter='kind IN ["book", "voucher"]', facets=["price"], facet_limit=2)
    assert books["facets"]["price"] == {
        "values": [{"value": 20, "count": 1}, {"value": 24, "count": 1}],
        "distinct": 4,
        "stats": {"min": 20, "max": 28, "avg": 24, "sum": 72, "count": 3},
    }


def test_search_in_the_values_of_a_facet(outfitter: Functions) -> None:
    found = search(outfitter, "*", facets=["tags", "brand"], facet_query="tags:ING", limit=1)
    assert values(found, "tags") == [("hiking", 6), ("cooking", 4), ("climbing", 3)]
    assert values(found, "brand") == [
        ("Norda", 5), ("Brandt", 4), ("Camposol", 4), ("Atlas", 3), ("Fuego", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("q", "id_", "highlight", "snippet"),
    [
        (
            "burning fuel",
            "wood-stove",
            (
                "<mark>Burns</mark> twigs and cones. Nobody has to carry <mark>fuel</mark>, and the smoke "
                "keeps mosquitoes away."
            ),
            # The two are too far apart for seven words.
            "<mark>Burns</mark> twigs and cones. Nobody has to…",
        ),
        (
            "mosqitoes",
            "wood-stove",
            (
                "Burns twigs and cones. Nobody has to carry fuel, and the smoke keeps "
                "<mark>mosquitoes</mark> away."
            ),
            "…fuel, and the smoke keeps <mark>mosquitoes</mark> away.",
        ),
        (
            '"cup of brass"',
            "spirit-stove",
            "No pump, no valve, no noise: alcohol burns in a <mark>cup</mark> of <mark>brass</mark>.",
            "…alcohol burns in a <mark>cup</mark> of <mark>brass</mark>.",
        ),
    ],
)
def test_words_are_marked(outfitter: Functions, q: str, id_: str, highlight: str, snippet: str) -> None:
    found = search(outfitter, q, mode="keyword", limit=1, snippet_words=7)
    assert highlights(found) == {id_: [highlight]}
    assert found["hits"][0]["passages"][0]["snippet"] == snippet


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_the_sentence_nearest_in_meaning_is_marked(outfitter: Functions, mode: str) -> None:
    found = search(outfitter, "astronomy for beginners", mode=mode, limit=1, snippet_words=5)
    nearest = "Planets and constellations through the year."
    rest = "The cover is washable. A red torch saves your eyes."
    assert highlights(found) == {"star-book": [f"<mark>{nearest}</mark> {rest}"]}
    assert (
        found["hits"][0]["passages"][0]["snippet"] == "<mark>Planets and constellations through the</mark>…"
    )


def test_the_best_passages_come_first(outfitter: Functions) -> None:
    found = search(outfitter, "cord", mode="keyword", passages=2)
    first, second = found["hits"][0]["passages"]
    assert (first["heading"], first["highlight"]) == (
        "Sheet bend",
        "# Sheet bend\n\nJoins two <mark>cords</mark>, however thick they are.",
    )
    assert (second["heading"], second["score"]) == ("Bowline", 0)
    by_meaning = search(outfitter, "how to tie a boat to the pier", mode="semantic", passages=1, limit=1)
    assert ids(by_meaning) == ["knot-book"]
    assert by_meaning["hits"][0]["passages"][0]["heading"] == "Clove hitch"


def test_explanations(outfitter: Functions) -> None:
    found = search(outfitter, "present", mode="keyword", explain=True)
    assert ids(found) == ["whistle", "gift-card"]
    parts = [hit["explain"] for hit in found["hits"]]
    assert [part["pinned"] for part in parts] == [True, True]
    assert parts[0]["keyword"] == 0 < parts[1]["keyword"]
    assert parts[1]["keyword"] == pytest.approx(found["hits"][1]["score"], abs=1e-6)


def test_fields_of_documents(outfitter: Functions) -> None:
    found = search(outfitter, "whistle", mode="keyword", include_fields=["id", "body"], passages=0)
    assert found["hits"][0]["document"] == {
        "id": "whistle",
        "body": "Heard two kilometres away when you need help.",
    }


def test_no_time_at_all_is_said(outfitter: Functions) -> None:
    found = search(outfitter, "sleeping bag", cutoff_ms=1)
    assert found["mode"] == "keyword"
    assert set(ids(found)) <= {"down-bag", "summer-bag", "family-tent"}
    assert "semantic" in found["degraded"]


def test_a_mistyped_hybrid_search_with_filter_facets_and_groups(outfitter: Functions) -> None:
    found = search(
        outfitter,
        "sleping bag for arctic nigts",
        filter='kind IN ["bag", "tent"] AND price < 400',
        facets=["kind", "price"],
        group_by="maker.country",
        explain=True,
    )
    assert (found["mode"], found["degraded"], found["found"]) == ("hybrid", [], 4)
    assert ids(found) == ["down-bag", "summer-bag"]
    assert groups(found) == [("NO", 2), ("ES", 2)]
    assert values(found, "kind") == [("bag", 2), ("tent", 2)]
    assert found["facets"]["price"]["stats"] == {
        "min": 90, "max": 380, "avg": 277.5, "sum": 1110, "count": 4,
    }  # fmt: skip
    assert highlights(found)["down-bag"] == [
        "Goose feathers against <mark>arctic</mark> <mark>nights</mark>. Comfortable at minus twenty degrees."
    ]
    assert all(hit["explain"]["keyword"] > 0 < hit["explain"]["semantic"] for hit in found["hits"])


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
def test_a_phrase_an_exclusion_and_highlights(outfitter: Functions, mode: str) -> None:
    found = search(outfitter, 'nights "warm nights" -feathers', mode=mode)
    assert highlights(found) == {
        "summer-bag": ["Thin cotton for <mark>warm</mark> <mark>nights</mark>. Two of them zip together."]
    }
    assert ids(search(outfitter, 'nights "warm nights" -cotton', mode=mode)) == []


def test_pins_sorted_hits_and_pages(outfitter: Functions) -> None:
    request: dict[str, Any] = {"mode": "keyword", "sort": ["price"], "limit": 2}
    first = search(outfitter, "boots", **request)
    assert ids(first) == ["whistle", "kids-boots"]
    # What is pinned counts, also without a word of the query.
    assert (first["found"], first["found_exact"]) == (4, True)
    assert ids(search(outfitter, "boots", **request, offset=2)) == ["winter-boots", "leather-boots"]
    assert ids(search(outfitter, "boots", **request, offset=4)) == []
    assert ids(search(outfitter, "boots", **request, filter="price > 100")) == [
        "winter-boots", "leather-boots",
    ]  # fmt: skip


def test_everything_that_passes_a_filter_sorted_and_counted(outfitter: Functions) -> None:
    found = search(
        outfitter,
        "*",
        filter="price BETWEEN 50 AND 300",
        sort=["brand:desc", "price"],
        facets=["brand"],
        limit=3,
    )
    assert ids(found) == ["wood-stove", "winter-boots", "trail-tent"]
    assert (found["found"], found["found_exact"]) == (7, True)
    assert values(found, "brand") == [("Norda", 3), ("Brandt", 2), ("Camposol", 2)]


def test_a_synonym_an_order_by_distance_and_groups(outfitter: Functions) -> None:
    request: dict[str, Any] = {"mode": "keyword", "group_by": "kind", "filter": "price < 100"}
    assert ids(search(outfitter, "torch", **request)) == ["head-lamp", "star-book"]
    by_distance = search(outfitter, "torch burning", **request, sort=["_geo(store, 59.9, 10.7)", "price"])
    # The wood stove is of Oslo, all others of Berlin, where the spirit stove is its group's second.
    assert ids(by_distance) == ["wood-stove", "star-book", "head-lamp"]
    assert groups(by_distance) == [("stove", 2), ("book", 1), ("lamp", 1)]


def test_boosts_decide_who_speaks_for_a_group(outfitter: Functions) -> None:
    request: dict[str, Any] = {"mode": "keyword", "group_by": "brand", "facets": ["brand"]}
    assert ids(search(outfitter, "tent", **request)) == ["trail-tent", "family-tent"]
    dear = [{"field": "price", "half": 300, "weight": 10}]
    boosted = search(outfitter, "tent", **request, boosts=dear)
    assert ids(boosted) == ["alpine-tent", "family-tent"]
    assert groups(boosted) == values(boosted, "brand") == [("Norda", 2), ("Camposol", 1)]


@pytest.mark.parametrize(
    ("id_", "query", "hits"),
    [
        ("down-bag", {"limit": 1}, ["summer-bag"]),
        ("gas-stove", {"limit": 2}, ["spirit-stove", "wood-stove"]),
        ("gravel-bike", {"limit": 1, "min_score": 0.2}, ["cargo-bike"]),
        ("gas-stove", {"filter": 'kind = "stove" AND price > 30'}, ["wood-stove"]),
    ],
)
def test_similar_documents(outfitter: Functions, id_: str, query: dict[str, object], hits: list[str]) -> None:
    event = http_event("GET", f"{OUTFITTER}/documents/{id_}/similar", query=urlencode(query))
    found = outfitter("documents_similar", event)["body"]
    assert ids(found) == hits
    assert (found["mode"], found["degraded"]) == ("semantic", [])


@pytest.mark.parametrize(
    ("q", "texts", "documents"),
    [
        ("mush", ["mushrooms"], ["mushroom-book"]),
        ("sleeping b", ["sleeping bag"], ["down-bag", "summer-bag"]),
        ("constel", ["constellations"], []),
        ("mosqitoes", ["mosquitoes"], []),
        ("alp", ["alpine"], ["alpine-tent"]),
    ],
)
def test_suggestions(outfitter: Functions, q: str, texts: list[str], documents: list[str]) -> None:
    event = http_event("GET", f"{OUTFITTER}/suggest", query=urlencode({"q": q}))
    found = outfitter("documents_suggest", event)["body"]
    assert [suggestion["text"] for suggestion in found["suggestions"]] == texts
    assert [document["id"] for document in found["documents"]] == documents


def test_several_searches_at_once(outfitter: Functions) -> None:
    searches: list[dict[str, Any]] = [
        {"collection": "outfitter", "q": "shelfer", "mode": "keyword", "filter": "price > 300"},
        {"collection": "outfitter", "q": "boots", "mode": "keyword", "sort": ["price"], "limit": 2},
        {"collection": "outfitter", "q": "*", "filter": 'kind = "book"', "facets": ["kind"], "limit": 1},
        {"collection": "outfitter", "q": "astronomy", "mode": "semantic", "sort": ["yaer"]},
    ]
    found = outfitter("documents_multi_search", http_event("POST", "/v1/search", {"searches": searches}))
    assert (found["statusCode"], found["body"]["errors"]) == (207, 1)
    responses = [item["response"] for item in found["body"]["items"]]
    assert [ids(response) for response in responses[:3]] == [
        ["alpine-tent"], ["whistle", "kids-boots"], ["knot-book"],
    ]  # fmt: skip
    assert values(responses[2], "kind") == [("book", 3)]
    assert found["body"]["items"][3]["error"]["details"][0]["field"] == "sort"
