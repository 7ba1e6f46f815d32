"""Exact answers to measure approximate ones by: all vectors scanned, all postings added up."""

import asyncio
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg

from shared.domain import ranking
from tests.benchmarks.peers.peer import K
from tests.benchmarks.search_concord import COLLECTION, Concord
from tests.benchmarks.search_data import Query, SearchData
from tests.benchmarks.search_measure import Variant, mean_ndcg

# Half-precision vectors and rounded weights may swap what is as good as equal.
_EQUAL = 1e-3
# BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) with idf as Lucene has it,
# k1 = 1.2, b = 0.75, and the default weights of title and body.
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
    SELECT w.*, p.index_number, p.length::float8 AS length, %(body_weight)s::float8 * p.frequency
        + (%(title_weight)s::float8 - %(body_weight)s::float8) * coalesce(p.in_title, 0) AS frequency
    FROM word w JOIN concord.keyword_block b ON b.collection_id = w.id AND b.term_id = w.term_id,
        LATERAL unnest(b.index_numbers, b.frequencies, b.lengths, b.title_frequencies)
            AS p (index_number, frequency, length, in_title)
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
        asked = {
            "collection": collection,
            "title_weight": ranking.TITLE_WEIGHT,
            "body_weight": ranking.BODY_WEIGHT,
        }
        return [
            dict(connection.execute(_BM25, {**asked, "query": query.text}).fetchall()) for query in queries
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


async def overlap_with_exact(concord: Concord, data: SearchData, database_url: str) -> dict[str, float]:
    """By kind of query: the mean overlap of the ten best by words alone with exact BM25's ten.

    Words are taken as they are typed: what stands for an unknown one has no part in the formula.
    """
    overlaps = {}
    for kind, queries in data.queries.items():
        found = [await concord.search("keyword", query, typos=False, prefix=False) for query in queries]
        exact = await asyncio.to_thread(exact_by_words, database_url, COLLECTION, queries)
        overlaps[kind] = recall(found, exact)
    return overlaps


def add_quality(
    rows: Sequence[dict[str, Any]],
    variants: Sequence[Variant],
    data: SearchData,
    overlaps: dict[str, float],
) -> None:
    """nDCG@10 of every side, recall@10 of meaning alone, and Concord's overlap with exact BM25."""
    found = {(v.side, v.mode, kind): hits for v in variants for kind, hits in v.found.items()}
    exact = {kind: exact_by_meaning(data, queries) for kind, queries in data.queries.items()}
    for row in rows:
        kind = row["queries"]
        hits = found[row["side"], row["mode"], kind]
        gain = mean_ndcg(hits, data.queries[kind])
        row["ndcg@10"] = None if gain is None else round(gain, 4)
        if row["mode"] == "semantic":
            row["recall@10"] = round(recall(hits, exact[kind]), 4)
        elif (row["mode"], row["side"]) == ("keyword", "concord"):
            row["overlap@10"] = round(overlaps[kind], 4)
