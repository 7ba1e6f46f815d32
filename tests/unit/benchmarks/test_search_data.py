"""Texts that nobody has are embedded by the real model, so they are few and short."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.search_data import read_data


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The built model is where it was; vectors of texts are put into a folder of the test's own."""
    monkeypatch.setattr("tests.benchmarks.text_vectors.cache_directory", lambda: tmp_path / "cache")


def write(folder: Path, documents: dict[str, str], queries: dict[str, str]) -> None:
    folder.mkdir()
    corpus = [{"_id": name, "title": name.title(), "text": text} for name, text in documents.items()]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    asked = [{"_id": name, "text": text} for name, text in queries.items()]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)))
    lines = [f"{query}\t{document}\t1" for query, document in zip(queries, documents, strict=False)]
    (folder / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *lines]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    write(data / "scifact", {"moon": "The moon is far.", "sea": "The sea is deep."}, {"q": "Is it far?"})
    write(data / "cranfield", {"wing": "A wing has lift."}, {"q": "lift"})
    write(
        data / "wordnet_bulk",
        {"owl": "a bird of the night", "ant": "a small insect"},
        {"e": "a wise owl", "f": "ants"},
    )
    return data


def test_a_small_run_has_scifact_alone(folder: Path) -> None:
    data = read_data(folder, None)
    assert (data.name, [document.id for document in data.documents]) == ("scifact", ["moon", "sea"])
    (claim,) = data.queries["long"]
    assert (claim.text, claim.grades) == ("Is it far?", {"moon": 1})
    assert [query.grades for query in data.queries["short"]] == [{}, {}]
    assert data.documents[0].passages == ["Moon\nThe moon is far."]
    assert np.allclose(np.linalg.norm(data.documents[0].vectors, axis=1), 1, atol=1e-5)


def test_a_larger_run_has_all_and_then_copies(folder: Path) -> None:
    data = read_data(folder, 7, 1)
    names = ["moon", "sea", "cran-wing", "wn-owl", "wn-ant", "moon~1", "sea~1"]
    assert (data.name, [document.id for document in data.documents]) == ("pooled", names)
    assert [len(queries) for queries in data.queries.values()] == [1, 1]


def test_texts_are_embedded_once(folder: Path, tmp_path: Path) -> None:
    first = read_data(folder, None)
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "cache" / "benchmarks").iterdir()}
    assert len(kept) == 3
    again = read_data(folder, None)
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    assert np.array_equal(first.documents[1].vectors, again.documents[1].vectors)


def test_other_texts_have_other_vectors(folder: Path) -> None:
    before = read_data(folder, None).documents[0].vectors
    corpus = folder / "scifact" / "corpus.jsonl"
    corpus.write_text(corpus.read_text().replace("moon is far", "cat is asleep"))
    assert not np.allclose(read_data(folder, None).documents[0].vectors, before)
