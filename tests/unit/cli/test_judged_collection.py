import json
from pathlib import Path

import pytest

from shared.cli.document_sources import SourcedDocument, UnreadableItem
from shared.cli.judged_collection import JudgedQuery, read_corpus, read_judged_queries
from shared.config import ConfigurationError
from shared.domain.document_ids import document_id

CORPUS = [
    {"_id": "1", "title": "", "text": "One", "metadata": {}},
    {"_id": "a b", "title": "B", "text": "Two"},
]
QUERIES = [{"_id": "q1", "text": "first"}, {"_id": "q2", "text": "unjudged"}, {"_id": "q3", "text": "third"}]
JUDGEMENTS = "query-id\tcorpus-id\tscore\nq1\t1\t1\nq1\ta b\t2\nq3\t1\t0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, CORPUS)) + "\nbroken\n")
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, QUERIES)) + "\n\n")
    (tmp_path / "qrels.tsv").write_text(JUDGEMENTS)
    return tmp_path


def test_documents_get_ids_that_concord_takes(folder: Path) -> None:
    one, two, broken = read_corpus(folder)
    assert one == SourcedDocument("corpus.jsonl:1", {"id": "1", "title": None, "body": "One", "metadata": {}})
    assert isinstance(two, SourcedDocument)
    assert (two.document["id"], two.document["title"]) == (document_id("a b"), "B")
    assert isinstance(broken, UnreadableItem)


def test_queries_come_with_their_judgements(folder: Path) -> None:
    assert read_judged_queries(folder) == [
        JudgedQuery("first", {"1": 1, document_id("a b"): 2}),
        JudgedQuery("third", {"1": 0}),
    ]


@pytest.mark.parametrize("missing", ["queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(ConfigurationError, match=f"{missing}: No such file"):
        read_judged_queries(folder)


@pytest.mark.parametrize("line", ["{", '{"text": "x"}', "[]"])
def test_queries_that_are_none_are_refused(folder: Path, line: str) -> None:
    (folder / "queries.jsonl").write_text(line)
    with pytest.raises(ConfigurationError, match=r"queries\.jsonl is not as BEIR has it"):
        read_judged_queries(folder)


@pytest.mark.parametrize("line", ["q1\t1", "q1\t1\tmany"])
def test_judgements_that_are_none_are_refused(folder: Path, line: str) -> None:
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{line}\n")
    with pytest.raises(ConfigurationError, match=r"qrels\.tsv is not as BEIR has it"):
        read_judged_queries(folder)


def test_queries_without_judgements_are_no_measure(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n")
    with pytest.raises(ConfigurationError, match="No query"):
        read_judged_queries(folder)
