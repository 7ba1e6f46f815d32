from typing import Any

from rich.console import Console

from shared.cli.search_table import facet_tables, highlighted, search_table


def response(**changes: Any) -> dict[str, Any]:
    passage = {"text": "a <b> cat", "highlight": "a &lt;b&gt; <mark>cat</mark>", "heading": "Pets > Cats"}
    hits = [
        {"document": {"id": "one", "title": "Cats [bold]"}, "score": 0.91234, "passages": [passage]},
        {"document": {"id": "two", "title": None}, "score": 0.5, "passages": []},
        {
            "document": {"id": "three", "title": None},
            "score": 0.4,
            "passages": [{"text": "x < y", "highlight": None, "heading": None}],
        },
    ]
    whole = {"hits": hits, "found": 3, "found_exact": True, "mode": "keyword", "degraded": [], "took_ms": 1.5}
    return {**whole, **changes}


def shown(found: dict[str, Any]) -> str:
    console = Console(width=100, record=True, quiet=False, file=None)
    with console.capture() as captured:
        console.print(search_table("cats", found))
    return captured.get()


def test_hits_are_shown_with_their_passages() -> None:
    text = shown(response())
    for part in ["cats", "0.912", "Cats [bold]", "one", "Pets > Cats", "a <b> cat", "two", "three", "x < y"]:
        assert part in text
    assert "keyword, 3 found, 1.5 ms" in text


def test_what_is_not_known_or_not_used_is_told() -> None:
    text = shown(response(found_exact=False, degraded=["semantic"]))
    assert "keyword, about 3 found, 1.5 ms, without semantic" in text


def test_marks_become_styles() -> None:
    text = highlighted("the <mark>cat</mark>\nsat &amp; the <mark>cat</mark>")
    assert text.plain == "the cat sat & the cat"
    assert [text.plain[span.start : span.end] for span in text.spans] == ["cat", "cat"]


def test_a_long_passage_is_cut_around_its_first_mark() -> None:
    text = highlighted(f"{'before ' * 100}<mark>here</mark>{' after' * 100}")
    assert text.plain.startswith("…re before")
    assert text.plain.endswith("…")
    assert "here" in text.plain
    assert len(text.plain) == 282


def test_a_short_passage_is_whole() -> None:
    assert highlighted("no marks").plain == "no marks"


def test_a_long_title_is_cut() -> None:
    hits = [{"document": {"id": "one", "title": "word " * 100}, "score": 0.5, "passages": []}]
    assert shown(response(hits=hits)).count("word") < 20


def test_an_explained_hit_tells_its_parts() -> None:
    explain = {"keyword": 0.25, "semantic": 0.75, "pinned": False}
    hit = {"document": {"id": "one"}, "score": 0.5, "passages": [], "explain": explain}
    text = shown(response(hits=[hit]))
    assert "words 0.250" in text
    assert "meaning 0.750" in text
    assert "pinned" not in text
    assert "pinned" in shown(response(hits=[{**hit, "explain": {**explain, "pinned": True}}]))


def test_a_hit_of_a_group_tells_its_group() -> None:
    hit = {"document": {"id": "one"}, "score": 0.5, "passages": []}
    assert "Ann: 3 found" in shown(response(hits=[{**hit, "group": {"value": "Ann", "found": 3}}]))
    assert "null: 1 found" in shown(response(hits=[{**hit, "group": {"value": None, "found": 1}}]))


def test_a_snippet_is_shown_instead_of_the_passage() -> None:
    passage = {"text": "x", "highlight": "long", "snippet": "\u2026<mark>short</mark>\u2026", "heading": None}
    text = shown(response(hits=[{"document": {"id": "one"}, "score": 0.5, "passages": [passage]}]))
    assert "\u2026short\u2026" in text
    assert "long" not in text


def test_facets_are_shown_with_their_counts() -> None:
    facets = {
        "kind": {"values": [{"value": "pet [x]", "count": 12}], "distinct": 40, "stats": None},
        "year": {
            "values": [{"value": 2020, "count": 2}, {"value": True, "count": 1}],
            "distinct": 2,
            "stats": {"min": 1999, "max": 2024.5, "avg": 2010.25, "sum": 4020.5, "count": 2},
        },
    }
    console = Console(width=100)
    with console.capture() as captured:
        for table in facet_tables(response(facets=facets)):
            console.print(table)
    text = captured.get()
    for part in ["kind", "pet [x]", "12", "1 of 40 values", "year", "2020", "true", "2 of 2 values"]:
        assert part in text
    assert "1999 to 2024.5, 2010.25 on average" in " ".join(text.split())
    assert facet_tables(response()) == []
