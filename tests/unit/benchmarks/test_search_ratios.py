from typing import Any

from tests.benchmarks.search_ratios import ratios


def row(side: str, mode: str, p95: float, clients: int = 1, **measures: float | None) -> dict[str, Any]:
    measured = {name.replace("_at_", "@"): value for name, value in measures.items()}
    return {
        "table": "search", "side": side, "mode": mode, "queries": "long", "clients": clients, "p95_ms": p95,
        **measured,
    }  # fmt: skip


def test_ten_times_faster_is_ten() -> None:
    ours = row("concord", "hybrid", 20, ndcg_at_10=0.74)
    theirs = row("LanceDB", "hybrid", 200, ndcg_at_10=0.70)
    assert ratios([ours, theirs]) == {"hybrid_p95_vs_lancedb": 10}
    assert "void" not in theirs


def test_is_void_where_our_answers_are_worse() -> None:
    ours = row("concord", "keyword", 1, ndcg_at_10=0.68)
    theirs = row("by hand: ts_rank + pgvector", "keyword", 100, ndcg_at_10=0.69)
    assert ratios([ours, theirs]) == {"keyword_p95_vs_diy": None}
    assert theirs["void"] == "Concord's ndcg@10 is lower: 0.68 < 0.69"


def test_quality_is_equal_to_the_third_digit() -> None:
    ours = row("concord", "semantic", 2, recall_at_10=0.9902, ndcg_at_10=0.1)
    theirs = row("Chroma", "semantic", 1, recall_at_10=0.9904, ndcg_at_10=0.2)
    assert ratios([ours, theirs]) == {"semantic_p95_vs_chroma": 0.5}


def test_is_void_where_nobody_judged() -> None:
    ours = row("concord", "keyword", 1, ndcg_at_10=None)
    theirs = row("tantivy", "keyword", 2, ndcg_at_10=None)
    assert ratios([ours, theirs]) == {"keyword_p95_vs_tantivy": None}
    assert theirs["void"] == "ndcg@10 was not measured"


def test_clients_are_compared_with_as_many() -> None:
    rows = [
        row("concord", "hybrid", 10, ndcg_at_10=0.7),
        row("concord", "hybrid", 50, 8, ndcg_at_10=0.7),
        row("SQLite FTS5 + sqlite-vec", "hybrid", 40, ndcg_at_10=0.6),
        row("SQLite FTS5 + sqlite-vec", "hybrid", 25, 8, ndcg_at_10=0.6),
    ]
    assert ratios(rows) == {"hybrid_p95_vs_sqlite": 4, "hybrid_p95_vs_sqlite_8_clients": 0.5}


def test_other_tables_and_short_queries_are_not_compared() -> None:
    short = row("LanceDB", "hybrid", 1, ndcg_at_10=0.7) | {"queries": "short"}
    assert ratios([{"table": "load", "side": "LanceDB"}, short]) == {}
