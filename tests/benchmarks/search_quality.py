"""Exact answers to measure approximate ones by: all vectors scanned, all postings added up."""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg

from tests.benchmarks.peers.peer import K
from tests.benchmarks.search_concord import COLLECTION
from tests.benchmarks.search_data import Query, SearchData
from tests.benchmarks.search_measure import Variant, mean_ndcg

# Half-precision vectors and rounded weights may swap what is as good as equal.
_EQUAL = 1e-3
# BM25 (Robertson, Walker, Beaulieu, Gatford, Payne 1998) with idf as Lucene has it, k1 = 1.2, b = 0.75.
_BM25 = """
WITH facts AS (
    SELECT c.id, c.language, s.documents::float8, s.length::float8 / s.documents AS average
    FROM concord.collection c, LATERAL (
        SELECT sum(documents) AS documents, sum(length) AS length
        FROM concord.keyword_statistic WHERE collection_id = c.id) s
    WHERE c.name = %(collection)s
), word AS (
    SELECT f.*, t.id AS term_id, a.frequency::float8 AS repeats
    FROM facts f, LATERAL concord.analyze(f.language, %(query)s) a
    JOIN concord.keyword_term t ON t.term = a.term COLLATE "C"
    WHERE t.collection_id = f.id
), posting AS (
    SELECT w.*, p.index_number, p.frequency::float8 AS frequency, p.length::float8 AS length
    FROM word w JOIN concord.keyword_block b ON b.collection_id = w.id AND b.term_id = w.term_id,
        LATERAL unnest(b.index_numbers, b.frequencies, b.lengths) AS p (index_number, frequency, length)
), weight AS (
    SELECT term_id, repeats
        * ln(1 + (documents - count(*) + 0.5::float8) / (count(*) + 0.5::float8)) AS weight
    FROM posting GROUP BY term_id, repeats, documents
)
SELECT d.id, sum(w.weight * p.frequency
    / (p.frequency + 1.2::float8 * (0.25::float8 + 0.75::float8 * p.length / p.average))) AS score
FROM posting p JOIN weight w USING (term_id)
JOIN concord.document d ON d.collection_id = p.id AND d.index_number = p.index_number
GROUP BY d.id ORDER BY score DESC LIMIT 200
"""

type Scores = dict[str, float]


def exact_by_meaning(data: SearchData, queries: Sequence[Query]) -> list[Scores]:
    """For each query the 200 nearest documents, each by its best passage, with their similarity."""
    owners = np.repeat(np.arange(len(data.documents)), [len(d.vectors) for d in data.documents])
    matrix = np.concatenate([document.vectors for document in data.documents])
    answers = []
    for query in queries:
        similarity = matrix @ query.vector
        size = min(1_000, len(similarity))
        nearest = np.argpartition(-similarity, size - 1)[:size]
        best: Scores = {}
        for place in nearest[np.argsort(-similarity[nearest])]:
            best.setdefault(data.documents[owners[place]].id, float(similarity[place]))
        answers.append(dict(list(best.items())[:200]))
    return answers


def exact_by_words(database_url: str, collection: str, queries: Sequence[Query]) -> list[Scores]:
    """For each query the 200 documents with the most BM25, from Concord's own postings, none left out."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        return [
            dict(connection.execute(_BM25, {"collection": collection, "query": query.text}).fetchall())
            for query in queries
        ]


def recall(found: Sequence[list[str]], exact: Sequence[Scores]) -> float:
    """The mean share of the exact ten best that was found; what scores as much as the tenth is as good."""
    shares = []
    for hits, scores in zip(found, exact, strict=True):
        best = sorted(scores.values(), reverse=True)[:K]
        if best:
            enough = best[-1] - _EQUAL * abs(best[-1])
            shares.append(min(sum(scores.get(hit, -1.0) >= enough for hit in hits) / len(best), 1.0))
    return statistics.mean(shares) if shares else 1.0


def add_quality(
    rows: Sequence[dict[str, Any]], variants: Sequence[Variant], data: SearchData, database_url: str
) -> None:
    """nDCG@10 of every side; recall@10 of meaning alone; overlap of words alone with exact BM25."""
    found = {(v.side, v.mode, kind): hits for v in variants for kind, hits in v.found.items()}
    exact = {
        "semantic": {kind: exact_by_meaning(data, queries) for kind, queries in data.queries.items()},
        "keyword": {
            kind: exact_by_words(database_url, COLLECTION, queries) for kind, queries in data.queries.items()
        },
    }
    measures = {"semantic": "recall@10", "keyword": "overlap@10"}
    for row in rows:
        hits = found[row["side"], row["mode"], row["queries"]]
        gain = mean_ndcg(hits, data.queries[row["queries"]])
        row["ndcg@10"] = None if gain is None else round(gain, 4)
        # Whole documents with other stems are no measure of a peer's words.
        if row["mode"] == "semantic" or (row["mode"], row["side"]) == ("keyword", "concord"):
            row[measures[row["mode"]]] = round(recall(hits, exact[row["mode"]][row["queries"]]), 4)
