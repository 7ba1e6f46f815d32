"""`concord embeddings`: a collection of SciFact changes its model, is compared, and goes back."""

from pathlib import Path

import pytest

from shared.cli import embedding_change
from shared.embeddings.local_model_files import FLOAT32_MODEL, MODEL
from tests.builders.command_line import concord

SAMPLE = Path(__file__).parents[1] / "builders" / "scifact_sample"
IN = ("--collection", "scifact")
TO = ("--model", FLOAT32_MODEL)


@pytest.fixture
def both_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_NEXT_PROVIDER", "local")
    monkeypatch.setenv("EMBEDDING_NEXT_MODEL", FLOAT32_MODEL)
    monkeypatch.setenv("EMBEDDING_NEXT_DIMENSIONS", "384")
    # Between its first look and its second, so that workers are woken again.
    monkeypatch.setattr(embedding_change, "_WAKE_SECONDS", 0.6)


@pytest.mark.usefixtures("laptop", "both_models")
def test_a_model_switch_on_scifact_completes_is_compared_and_rolled_back() -> None:
    stored = concord("eval", str(SAMPLE), "--mode", "keyword", "--json").json
    collection = ("--collection", stored["collection"])
    plan = concord("embeddings", "plan", *collection, *TO, "--json").json
    assert (plan["documents"], plan["dollars"]) == (60, 0.0)
    assert plan["chunks"] >= 60
    assert plan["tokens"] > 60 * 50
    priced = concord("embeddings", "plan", *collection, "--model", "text-embedding-3-small", "--rate", "2")
    assert "dollars_per_million_tokens: 0.02" in priced.out

    started = concord("embeddings", "start", *collection, *TO, "--wait", "--json").json
    change = started["change"]
    assert (change["state"], change["new_vectors"], change["failed"]) == ("complete", started["chunks"], 0)
    assert started["serving"]["model"] == MODEL

    compared = concord("embeddings", "compare", str(SAMPLE), *collection, "--json").json
    assert [row["mode"] for row in compared["comparisons"]] == ["semantic", "hybrid"]
    for row in compared["comparisons"]:
        assert (row["set"], row["against"]) == ({"space": "other"}, {"space": "serving"})
        assert row["low"] <= row["difference"] <= row["high"]
        assert min(row["ndcg@10"], row["against_ndcg@10"]) > 0.7
        assert min(row["recall@100"], row["against_recall@100"]) == 1.0

    search = ("search", "protein", *collection, "--mode", "semantic", "--json")
    old = concord(*search).json
    switched = concord("embeddings", "switch", *collection, "--json").json
    assert (switched["serving"]["model"], switched["change"]["state"]) == (FLOAT32_MODEL, "switched")
    new = concord(*search).json
    assert (new["degraded"], new["hits"][0]["score"] != old["hits"][0]["score"]) == ([], True)
    back = concord("embeddings", "rollback", *collection, "--json").json
    assert (back["serving"]["model"], back["change"]["state"]) == (MODEL, "rolled_back")
    assert concord(*search).json["hits"][0]["score"] == old["hits"][0]["score"]

    assert "state: rolled_back" in concord("embeddings", "status", *collection).out
    cleaned = concord("embeddings", "cleanup", *collection, "--json").json["change"]
    assert (cleaned["state"], cleaned["new_vectors"]) == ("cleaned", 0)
    table = concord("embeddings", "compare", str(SAMPLE), *collection)
    assert (table.code, "not changing" in table.said) == (1, True)


@pytest.mark.usefixtures("laptop")
def test_a_change_to_a_model_that_is_not_there_is_refused() -> None:
    concord("ingest", str(SAMPLE / "README.md"), *IN)
    refused = concord("embeddings", "start", *IN, *TO)
    assert (refused.code, "EMBEDDING_NEXT_MODEL" in refused.said) == (1, True)
