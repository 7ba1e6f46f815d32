"""The keyword index's truth, counted anew from the stored documents, and BM25 over it."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

import psycopg

type Postings = dict[tuple[str, str], tuple[int, int]]

_FREQUENCIES = """
SELECT d.id, a.term, a.frequency
FROM concord.collection c
JOIN concord.document d ON d.collection_id = c.id
CROSS JOIN LATERAL concord.analyze(c.language, concat_ws(E'\\n', d.title, d.body)) a
WHERE c.name = %(name)s AND c.deleted_at IS NULL
"""
_TITLE_FREQUENCIES = """
SELECT d.id, a.term, a.frequency
FROM concord.collection c
JOIN concord.document d ON d.collection_id = c.id
CROSS JOIN LATERAL concord.analyze(c.language, coalesce(d.title, '')) a
WHERE c.name = %(name)s AND c.deleted_at IS NULL
"""
_POSTINGS = """
SELECT d.id, t.term, p.frequency, p.length, coalesce(p.title_frequency, 0)
FROM concord.collection c
JOIN concord.keyword_term t ON t.collection_id = c.id
JOIN concord.keyword_block b ON b.collection_id = c.id AND b.term_id = t.id
CROSS JOIN LATERAL unnest(b.index_numbers, b.frequencies, b.lengths, b.title_frequencies)
    AS p (index_number, frequency, length, title_frequency)
LEFT JOIN concord.document d ON d.collection_id = c.id AND d.index_number = p.index_number
WHERE c.name = %(name)s AND c.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM concord.keyword_retired r
    WHERE r.collection_id = c.id AND r.index_number = p.index_number)
"""
_DOCUMENT_FREQUENCIES = """
SELECT t.term, sum(b.posting_count)
FROM concord.collection c
JOIN concord.keyword_term t ON t.collection_id = c.id
JOIN concord.keyword_block b ON b.collection_id = c.id AND b.term_id = t.id
WHERE c.name = %(name)s AND c.deleted_at IS NULL
GROUP BY t.term HAVING sum(b.posting_count) <> 0
"""
_TOTALS = """
SELECT coalesce(sum(s.documents), 0), coalesce(sum(s.chunks), 0), coalesce(sum(s.length), 0)
FROM concord.collection c JOIN concord.keyword_statistic s ON s.collection_id = c.id
WHERE c.name = %(name)s AND c.deleted_at IS NULL
"""
_RECOUNTED = """
SELECT (SELECT count(*) FROM concord.document d WHERE d.collection_id = c.id),
       (SELECT count(*) FROM concord.chunk k WHERE k.collection_id = c.id)
FROM concord.collection c WHERE c.name = %(name)s AND c.deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of a collection: documents, chunks, words, in how many documents each term is, and each posting.

    A posting is of a document and a term: how often it is there, and how long the document is; `titles` has
    how often it is there in the title.
    """

    documents: int
    chunks: int
    length: int
    document_frequencies: dict[str, int]
    postings: Postings
    titles: dict[tuple[str, str], int]


def recount(database_url: str, name: str = "library") -> Statistics:
    """The statistics as they should be: every document analysed in one piece."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(_FREQUENCIES, {"name": name}).fetchall()
        titles = connection.execute(_TITLE_FREQUENCIES, {"name": name}).fetchall()
        counts = connection.execute(_RECOUNTED, {"name": name}).fetchone()
    assert counts is not None
    lengths = Counter[str]()
    for document, _, frequency in rows:
        lengths[document] += frequency
    return Statistics(
        documents=counts[0],
        chunks=counts[1],
        length=lengths.total(),
        document_frequencies=dict(Counter(term for _, term, _ in rows)),
        postings={(document, term): (frequency, lengths[document]) for document, term, frequency in rows},
        titles={(document, term): frequency for document, term, frequency in titles},
    )


def stored_statistics(database_url: str, name: str = "library") -> Statistics:
    """The statistics as the index has them."""
    with psycopg.connect(database_url) as connection:
        postings = connection.execute(_POSTINGS, {"name": name}).fetchall()
        frequencies = connection.execute(_DOCUMENT_FREQUENCIES, {"name": name}).fetchall()
        totals = connection.execute(_TOTALS, {"name": name}).fetchone()
    assert totals is not None
    by_key = {(document, term): (frequency, length) for document, term, frequency, length, _ in postings}
    assert len(by_key) == len(postings), "A posting is there twice."
    return Statistics(
        documents=totals[0],
        chunks=totals[1],
        length=int(totals[2]),
        document_frequencies={term: int(count) for term, count in frequencies},
        postings=by_key,
        titles={(document, term): in_title for document, term, _, _, in_title in postings if in_title},
    )


def query_terms(database_url: str, text: str, language: str = "english") -> dict[str, int]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT * FROM concord.analyze(%s, %s)", [language, text]).fetchall()
    return dict(rows)


def bm25_shares(statistics: Statistics, query: dict[str, int]) -> dict[str, float]:
    """BM25 (k1 = 1.2, b = 0.75) of each document with a word of the query, as a share of the most.

    A word of the title counts three times.
    """
    average = statistics.length / statistics.documents
    weights = {}
    for term, repeats in query.items():
        documents = statistics.document_frequencies.get(term, 0)
        weights[term] = repeats * math.log(1 + (statistics.documents - documents + 0.5) / (documents + 0.5))
    scores: dict[str, float] = defaultdict(float)
    for (document, term), (frequency, length) in statistics.postings.items():
        if term in weights:
            saturation = 1.2 * (1 - 0.75 + 0.75 * length / average)
            counted = frequency + 2 * statistics.titles.get((document, term), 0)
            scores[document] += weights[term] * counted / (counted + saturation)
    total = sum(weights.values())
    return {document: score / total for document, score in scores.items()}
