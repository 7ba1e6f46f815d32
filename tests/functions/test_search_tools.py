"""Every tool of a search on twenty documents: a request, and exactly what it finds."""

from typing import Any, NamedTuple

import pytest

from tests.builders.functions import Functions
from tests.builders.twenty_documents import ids, search

NORDA = "alpine-tent trail-tent wood-stove winter-boots down-bag"
BY_WORDS: dict[str, Any] = {"mode": "keyword"}


class Row(NamedTuple):
    """`hits` are ids, in order; `request` has the fields beside `q`."""

    tool: str
    q: str
    request: dict[str, Any]
    hits: str


def filtered(tool: str, condition: str, hits: str) -> Row:
    # Without anything to look for hits come in the order in which the documents were stored.
    return Row(tool, "*", {"filter": condition}, hits)


def words(tool: str, q: str, hits: str, **request: Any) -> Row:
    return Row(tool, q, {**BY_WORDS, **request}, hits)


FILTERS = [
    filtered("greater than a number", "price > 400", "alpine-tent gravel-bike cargo-bike"),
    filtered("a text", 'brand = "Fuego"', "gas-stove lantern"),
    filtered("not equal", 'kind != "book" AND price < 30', "spirit-stove whistle"),
    filtered("a boolean", "draft = true", "whistle"),
    filtered("IN", 'kind IN ["bag", "lamp"]', "head-lamp lantern down-bag summer-bag"),
    filtered(
        "NOT IN",
        'kind NOT IN ["tent", "stove", "boots", "book", "bicycle", "bag"]',
        "head-lamp lantern whistle gift-card",
    ),
    # A price that is no number is not below 1,000 either.
    filtered("NOT", "NOT (price < 1000)", "gravel-bike cargo-bike gift-card"),
    filtered("OR", 'draft = true OR kind = "voucher"', "whistle gift-card"),
    filtered("AND before OR", 'draft = true OR price < 30 AND brand = "Brandt"', "spirit-stove whistle"),
    filtered("BETWEEN", "price BETWEEN 55 AND 90", "wood-stove kids-boots head-lamp summer-bag"),
    filtered("NOT BETWEEN", "price NOT BETWEEN 10 AND 1000", "gravel-bike cargo-bike whistle gift-card"),
    filtered("EXISTS", "EXISTS draft", "whistle"),
    filtered("IS NULL", "brand IS NULL", "whistle gift-card"),
    filtered("an array has a value", 'tags = "climbing"', "alpine-tent head-lamp knot-book"),
    filtered("an array has two values", 'tags = "winter" AND tags = "cooking"', "wood-stove"),
    filtered(
        "an array has one of two values and not a third",
        'tags IN ["climbing", "family"] AND NOT tags = "hiking"',
        "alpine-tent family-tent lantern summer-bag knot-book star-book cargo-bike",
    ),
    filtered("an array of nothing is there", 'EXISTS tags AND kind = "bicycle"', "gravel-bike cargo-bike"),
    filtered("a nested field", 'maker.country = "NO" AND price < 200', "wood-stove winter-boots"),
    filtered("a field in an array of objects", "sizes.stock > 5", "leather-boots kids-boots"),
    filtered("a date", 'released >= "2025-01-01"', "trail-tent head-lamp gravel-bike"),
    filtered(
        "a time of another zone",
        'released BETWEEN "2025-02-01" AND "2025-02-28T22:30:00Z"',
        "trail-tent gravel-bike",
    ),
    filtered("CONTAINS", 'brand CONTAINS "ord"', NORDA),
    filtered("STARTS WITH, a field of its own", 'title STARTS WITH "Winter"', "winter-boots"),
    filtered(
        "320 km around Oslo",
        "GEO_RADIUS(store, 59.91, 10.75, 320000) AND price < 300",
        "trail-tent wood-stove winter-boots",
    ),
    filtered(
        "a box without Madrid",
        "GEO_BOX(store, 61, 5, 52, 14) AND price BETWEEN 300 AND 2000",
        "alpine-tent down-bag gravel-bike",
    ),
    filtered("a box across the date line", "GEO_BOX(store, -16, 179, -18, -179)", "whistle"),
]

SORTS = [
    Row("the least first", "*", {"filter": 'kind = "stove"', "sort": ["price"]},
        "spirit-stove gas-stove wood-stove"),
    Row("the latest first, what has no date last", "*",
        {"filter": 'kind IN ["bicycle", "signal", "voucher"]', "sort": ["released:desc"]},
        "gravel-bike cargo-bike whistle gift-card"),
    Row("the earliest first, what has no date last", "*",
        {"filter": 'kind IN ["bicycle", "signal", "voucher"]', "sort": ["released:asc"]},
        "cargo-bike gravel-bike whistle gift-card"),
    Row("numbers before texts", "*",
        {"filter": 'kind IN ["voucher", "signal", "book"]', "sort": ["price"]},
        "whistle knot-book mushroom-book star-book gift-card"),
    Row("by two fields", "*",
        {"filter": 'released >= "2024-09-01"', "sort": ["brand", "price:desc"]},
        "gravel-bike head-lamp alpine-tent down-bag trail-tent winter-boots"),
    Row("the nearest first", "*", {"filter": 'kind = "tent"', "sort": ["_geo(store, 60.4, 5.3)"]},
        "trail-tent alpine-tent family-tent"),
    Row("the farthest first", "*", {"filter": 'kind = "tent"', "sort": ["_geo(store, 60.4, 5.3):desc"]},
        "family-tent alpine-tent trail-tent"),
    words("what was found by price", "boots -snow", "whistle kids-boots leather-boots", sort=["price"]),
    words("the score against its nature", "shelter", "alpine-tent trail-tent", sort=["_score:asc"]),
]  # fmt: skip

WORDS = [
    # Of equal words those of the shorter text count more, those of the title three times.
    words("a word", "shelter", "trail-tent alpine-tent"),
    words("a word in its other forms", "child", "cargo-bike family-tent"),
    words("words of a title first, then the earlier document", "night", "star-book down-bag summer-bag"),
    words("a phrase", '"minus twenty"', "down-bag"),
    words("the same words without quotes", "minus twenty", "down-bag winter-boots"),
    words("a phrase in another order", '"twenty minus"', ""),
    words("a phrase in a title", '"night sky"', "star-book"),
    words("an excluded word", "sleeping -feathers", "summer-bag family-tent"),
    words("an excluded phrase", 'degrees -"minus twenty"', "winter-boots"),
    words("exclusions alone leave the rest", "-a -the", "", filter='kind = "nothing"'),
    words("one mistake in four letters", "kinds -child", "kids-boots"),
    words("one mistake in seven letters", "shelfer", "trail-tent alpine-tent"),
    words("a mistake in the first letter", "nushroom", "mushroom-book"),
    words("two mistakes in fourteen letters", "konstelations", "star-book"),
    words("no mistake in three letters", "cug", ""),
    words("two mistakes in seven letters are too many", "xhelfer", ""),
    words("mistakes that are not to be forgiven", "mosqitoes", "", typos=False),
    words("mistakes in quotes", '"mosqitoes"', ""),
    words("an unfinished word", "mosq", "wood-stove"),
    words("only the last word is unfinished", "mosq zebra", ""),
    words("an unfinished word that is to be finished", "mosq", "", prefix=False),
    words("a word that others have", "light", "kids-boots"),
    words("a word that begins another", "light", "kids-boots trail-tent", prefix=True),
    words("a synonym", "torch", "head-lamp star-book"),
    words("a synonym the other way", "lamp", "head-lamp star-book"),
    # In a title the synonym counts more than the word in a body.
    words("a synonym of one way", "candle", "head-lamp lantern"),
    words("no synonym the other way", "lamp -torch", "head-lamp"),
    words("a synonym that no document has", "bike", "cargo-bike gravel-bike"),
    words("a stop word beside another word", "year feathers", "down-bag"),
    words("a stop word alone", "year", "star-book"),
    words("pins before the rest", "present", "whistle gift-card"),
    words("pins and hidden ones", "long evenings", "star-book"),
    words("no pins for another query", "presents for themselves", "gift-card"),
    words("the scores that are enough", "minus twenty degrees", "down-bag", min_score=0.6),
    words("a boost by a number", "shelter", "alpine-tent trail-tent",
          boosts=[{"field": "price", "half": 300, "weight": 10}]),
    words("no boost by date", "tent", "trail-tent family-tent alpine-tent"),
    words("a boost by date", "tent", "trail-tent alpine-tent family-tent",
          boosts=[{"field": "released", "half_life_days": 3650, "weight": 10}]),
    words("pages", "tent", "family-tent", limit=1, offset=1),
    words("behind the last page", "tent", "", offset=3),
    words("time enough", "shelter", "trail-tent alpine-tent", cutoff_ms=20_000),
]  # fmt: skip

MEANINGS = [
    Row("by meaning", "astronomy for beginners", {"mode": "semantic", "limit": 1}, "star-book"),
    # Of twenty documents all are candidates, so that those which pass fill the page.
    Row("by meaning within a filter", "a sleeping bag", {"mode": "semantic", "filter": 'kind = "book"',
        "sort": ["price"]}, "knot-book mushroom-book star-book"),
    Row("words alone", "a window to the stars", {"alpha": 0, "typos": False, "limit": 1}, "family-tent"),
    Row("meaning alone", "a window to the stars", {"alpha": 1, "typos": False, "limit": 1}, "star-book"),
    *(
        Row(f"both by {fusion}", "sleeping bag for arctic nights", {"fusion": fusion, "limit": 2},
            "down-bag summer-bag")
        for fusion in ("weighted", "min_max", "rrf")
    ),
]  # fmt: skip

GROUPS = [
    Row("one of each", "*", {"filter": 'kind = "tent"', "group_by": "brand", "sort": ["price"]},
        "trail-tent family-tent"),
    Row("two of each, beside each other", "*",
        {"filter": 'kind = "tent"', "group_by": "brand", "group_size": 2, "sort": ["price"]},
        "trail-tent alpine-tent family-tent"),
    Row("what has no value is a group", "*",
        {"filter": "brand IS NULL", "group_by": "brand"}, "whistle gift-card"),
    Row("pages of groups", "*",
        {"group_by": "maker.country", "sort": ["price"], "limit": 2, "offset": 1}, "knot-book lantern"),
]  # fmt: skip


@pytest.mark.parametrize("row", FILTERS + SORTS + WORDS + MEANINGS + GROUPS, ids=lambda row: row.tool)
def test_what_is_found(outfitter: Functions, row: Row) -> None:
    found = search(outfitter, row.q, **row.request)
    assert ids(found) == row.hits.split()
    assert found["degraded"] == []
