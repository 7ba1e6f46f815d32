"""Judged collections in BEIR layout, or generated text where none is at hand."""

import json
import random
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class JudgedCollection:
    """`documents` as (id, title, text), `queries` and the judged grades of each by id."""

    name: str
    documents: list[tuple[str, str, str]]
    queries: dict[str, str]
    grades: dict[str, dict[str, int]]


def read_collection(folder: Path) -> JudgedCollection:
    """Read `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`; generated text when there is no such folder."""
    if not (folder / "corpus.jsonl").exists():
        return generated_collection()
    grades: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            grades.setdefault(query, {})[document] = int(grade)
    documents = [(row["_id"], row["title"], row["text"]) for row in _rows(folder / "corpus.jsonl")]
    queries = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")}
    return JudgedCollection(folder.name, documents, {name: queries[name] for name in grades}, grades)


def generated_collection(size: int = 2_000, seed: int = 7) -> JudgedCollection:
    """Documents of random words, of which each query quotes some of exactly one."""
    chance = random.Random(seed)
    words = [
        "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(4, 9))) for _ in range(5_000)
    ]
    weights = [1 / (rank + 5) for rank in range(len(words))]
    documents, queries, grades = [], {}, {}
    for number in range(size):
        text = " ".join(chance.choices(words, weights, k=chance.randint(40, 220)))
        documents.append((f"d{number}", " ".join(chance.choices(words, weights, k=5)), text))
        if number < 200:
            queries[f"q{number}"] = " ".join(chance.sample(text.split(), 8))
            grades[f"q{number}"] = {f"d{number}": 1}
    return JudgedCollection("generated", documents, queries, grades)


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
