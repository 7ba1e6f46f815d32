"""Filters of searches: what each lets through, and when."""

from typing import Any

import pytest

from tests.builders.documents import a_document
from tests.builders.library import Library

MODES = ["keyword", "semantic", "hybrid"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scan", ["exact", "index"])
async def test_a_filter_comes_before_the_ranking(
    library: Library, monkeypatch: pytest.MonkeyPatch, mode: str, scan: str
) -> None:
    """The few that a filter lets through are found behind more better ones than there are candidates."""
    monkeypatch.setattr("shared.domain.ranking.FIRST_CANDIDATES", 5)
    monkeypatch.setattr("shared.domain.ranking.FIRST_CHUNKS", 5)
    monkeypatch.setattr("shared.domain.ranking.FEW_DOCUMENTS", 0)
    monkeypatch.setattr("shared.domain.ranking.EXACT_CHUNKS", 0 if scan == "index" else 20_000)
    better = [a_document(f"b{number}", "river", metadata={"kind": "better"}) for number in range(60)]
    worse = [
        a_document(
            f"w{number}", "A stream or river somewhere in the far country.", metadata={"kind": "worse"}
        )
        for number in range(3)
    ]
    await library.upsert(*better, *worse)
    await library.embed()
    found = await library.search("river", mode=mode, filter='kind = "worse"', limit=3)
    assert sorted(str(hit.document.id) for hit in found.hits) == ["w0", "w1", "w2"]
    assert found.found == 3


METADATA: dict[str, dict[str, Any]] = {
    "a": {
        "year": 2020,
        "tags": ["x", "y"],
        "author": {"name": "Ann", "born": 1980},
        "draft": False,
        "price": 1.5,
        "code": "7",
        "a.b": "dot",
    },
    "b": {"year": 2021, "tags": ["y"], "author": {"name": "Bob"}, "draft": True, "price": 2},
    "c": {"year": "2020", "tags": "x", "code": 7, "price": -3, "quote": 'it\'s 100% "so" \\ \u00e9'},
    "d": {"year": None, "tags": [], "draft": "true", "author": "Ann"},
    "e": {},
}


FILTERS = {
    "year = 2020": "a",
    'year = "2020"': "c",
    "year = 2020.0": "a",
    "year != 2020": "bcde",
    "year < 2021": "a",
    "year <= 2021": "ab",
    "year > 2020": "b",
    "year >= 2020": "ab",
    "year > '2019'": "c",
    "NOT year > 2020": "acde",
    "price < 0": "c",
    "price >= 1.5 AND price < 2": "a",
    "price = 2.0": "b",
    "price > -3.5e0": "abc",
    'tags = "x"': "ac",
    'tags != "x"': "bde",
    'tags IN ["x", "y"]': "abc",
    'tags IN ["z"]': "",
    "tags IN []": "",
    "NOT tags IN []": "abcde",
    'tags NOT IN ["x"]': "bde",
    'tags = "x" AND tags = "y"': "a",
    'tags > "w"': "abc",
    'tags > "x"': "ab",
    'NOT tags > "x"': "cde",
    "code = 7": "c",
    'code = "7"': "a",
    'code IN [7, "7"]': "ac",
    "draft = true": "b",
    "draft = false": "a",
    "NOT draft = true": "acde",
    "draft != true": "acde",
    'draft = "true"': "d",
    "draft > false": "b",
    'author.name = "Ann"': "a",
    'author = "Ann"': "d",
    "author.born < 1990": "a",
    "EXISTS year": "abc",
    "NOT EXISTS year": "de",
    "EXISTS tags": "abcd",
    "EXISTS author.name": "ab",
    "EXISTS author.name.first": "",
    '`a.b` = "dot"': "a",
    "(year = 2020 OR year = 2021) AND NOT draft = true": "a",
    "year = 2020 OR year = 2021 AND draft = true": "ab",
    "NOT (year = 2020 OR year = 2021)": "cde",
    "NOT NOT year = 2020": "a",
    'quote = "it\'s 100% \\"so\\" \\\\ \\u00e9"': "c",
    "quote = '%(q)s %s $1 ''; --'".replace("''", "\\'"): "",
}


@pytest.mark.parametrize("mode", ["keyword", "semantic"])
async def test_filters(library: Library, mode: str) -> None:
    await library.upsert(
        *(a_document(name, "river text", metadata=metadata) for name, metadata in METADATA.items())
    )
    await library.embed()
    found = {}
    for text in FILTERS:
        response = await library.search("river text", mode=mode, filter=text)
        found[text] = "".join(sorted(str(hit.document.id) for hit in response.hits))
        assert response.found == len(response.hits)
    assert found == FILTERS
