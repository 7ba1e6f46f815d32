"""`concord eval` on a small judged collection."""

import json
from pathlib import Path

import pytest

from tests.builders.command_line import concord

CORPUS = {
    "1": "Dogs bark at the moon.",
    "2": "Cats sleep on the windowsill.",
    "3": "A saw cuts wood.",
    "4": "Bread is baked from flour and water.",
}
QUERIES = {"q1": "barking dogs", "q2": "sleeping cats", "q3": "not judged"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    judged = tmp_path / "small judged"
    judged.mkdir()
    corpus = [{"_id": name, "title": "", "text": text} for name, text in CORPUS.items()]
    queries = [{"_id": name, "text": text} for name, text in QUERIES.items()]
    (judged / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    (judged / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (judged / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\t1\t1\nq2\t2\t1\n")
    return judged


@pytest.mark.usefixtures("laptop")
def test_every_mode_is_measured(folder: Path) -> None:
    report = concord("eval", str(folder), "--json").json
    assert report["collection"].startswith("small-judged~")
    assert (report["documents"], report["queries"]) == (4, 2)
    assert list(report["modes"]) == ["keyword", "semantic", "hybrid"]
    for values in report["modes"].values():
        assert {name: values[name] for name in ("ndcg@10", "recall@100", "mrr@10")} == {
            "ndcg@10": 1.0,
            "recall@100": 1.0,
            "mrr@10": 1.0,
        }
        assert 0 < values["p50_ms"] <= values["p95_ms"]
    table = concord("eval", str(folder), "--mode", "keyword")
    assert table.code == 0
    assert "keyword" in table.out
    assert "1.0000" in table.out
    assert "hybrid" not in table.out


@pytest.mark.usefixtures("laptop")
def test_a_collection_that_cannot_be_stored_is_not_measured(folder: Path) -> None:
    with (folder / "corpus.jsonl").open("a") as file:
        file.write("\nbroken\n")
    failed = concord("eval", str(folder), "--json")
    assert (failed.code, failed.out) == (1, "")
    assert "corpus.jsonl:5: not JSON" in failed.said


@pytest.mark.usefixtures("laptop")
def test_a_folder_without_a_collection_is_told(tmp_path: Path) -> None:
    failed = concord("eval", str(tmp_path))
    assert (failed.code, "qrels.tsv: No such file" in failed.said) == (1, True)
    assert concord("eval", str(tmp_path / "nowhere")).code == 2


@pytest.mark.usefixtures("laptop")
def test_two_ways_of_searching_are_compared(folder: Path) -> None:
    modes = ("--mode", "keyword", "--mode", "hybrid")
    way = ("--set", "alpha=0", "--against", "min_score=1")
    report = concord("eval", str(folder), *modes, *way, "--json").json
    assert report["modes"]["hybrid"]["ndcg@10"] == 1.0
    assert [row["mode"] for row in report["comparisons"]] == ["keyword", "hybrid"]
    for row in report["comparisons"]:
        assert row == {
            "mode": row["mode"],
            "set": {"alpha": 0},
            "against": {"min_score": 1},
            "ndcg@10": 1.0,
            "against_ndcg@10": 0.0,
            "recall@100": 1.0,
            "against_recall@100": 0.0,
            "difference": 1.0,
            "low": 1.0,
            "high": 1.0,
            "p": 0.0,
        }
    table = concord("eval", str(folder), "--mode", "keyword", *way)
    assert "+1.0000 to +1.0000" in table.out
    assert "comparisons" not in concord("eval", str(folder), "--mode", "keyword", "--json").json


@pytest.mark.usefixtures("laptop")
def test_fields_that_a_search_does_not_have_are_refused(folder: Path) -> None:
    refused = concord("eval", str(folder), "--mode", "hybrid", "--set", "alpha=2", "--json")
    assert (refused.code, refused.out) == (1, "")
    assert "alpha" in refused.said
    assert concord("eval", str(folder), "--set", "limit=3").code == 2
