"""A judged collection as Concord has indexed it, in arrays."""

import asyncio
import json
import random
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from shared.cache.null import NullCache
from shared.domain.document_ids import document_id
from shared.domain.principals import WORKER
from shared.embeddings.protocol import Embedder
from shared.services.embed_chunks import EmbedRun
from tests.benchmarks.judged_data import JudgedCollection
from tests.builders.application import RunningConcord

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

BATCH = 500
# Documents beside the judged ones, where a collection has more: what is measured is order, not size.
MOST_OTHERS = 12_000
_SEED = 11


@dataclass(frozen=True, slots=True)
class Postings:
    """The documents with a term, by position, and how often their whole text and their title have it."""

    documents: Integers
    frequencies: Floats
    title_frequencies: Floats


@dataclass(frozen=True, slots=True)
class Query:
    """Words as (term id or none, how often), the vector, and the judged grades by document id."""

    words: list[tuple[int | None, int]]
    vector: Floats
    grades: dict[str, int]


@dataclass(frozen=True, slots=True)
class Indexed:
    """`documents` counts all; what has no text has no position. Chunks stand in their documents' order."""

    documents: int
    ids: list[str]
    lengths: Floats
    title_lengths: Floats
    postings: dict[int, Postings]
    vectors: Floats
    first_chunks: Integers
    queries: list[Query]

    @property
    def average_length(self) -> float:
        return float(self.lengths.sum()) / self.documents

    def best_of(self, similarities: Floats) -> Floats:
        """Of the similarities of chunks, the best of each document, at least 0."""
        return np.maximum(np.maximum.reduceat(similarities, self.first_chunks, axis=-1), 0)


def sampled(collection: JudgedCollection) -> JudgedCollection:
    """All judged documents and at most MOST_OTHERS others."""
    judged = {document for grades in collection.grades.values() for document in grades}
    others = [document for document in collection.documents if document[0] not in judged]
    if len(others) > MOST_OTHERS:
        others = random.Random(_SEED).sample(others, MOST_OTHERS)
    chosen = judged.union(document[0] for document in others)
    return replace(
        collection, documents=[document for document in collection.documents if document[0] in chosen]
    )


async def store(concord: RunningConcord, collection: JudgedCollection) -> None:
    """Store and embed the collection under its name."""
    (await concord.client.post("/v1/collections", json={"name": collection.name})).raise_for_status()
    for start in range(0, len(collection.documents), BATCH):
        documents = [
            {"id": document_id(name), "title": title or None, "body": text}
            for name, title, text in collection.documents[start : start + BATCH]
        ]
        path = f"/v1/collections/{collection.name}/documents"
        (await concord.client.post(path, json={"documents": documents})).raise_for_status()
    run = EmbedRun(concord.database, concord.embedder, NullCache(), WORKER, deadline=time.monotonic() + 3600)
    await run.embed_due()


async def read(url: str, embedder: Embedder, collection: JudgedCollection) -> Indexed:
    """What came of a collection that is stored. Raises LookupError when there is none of its name."""
    vectors = await embedder.embed(list(collection.queries.values()))
    return await asyncio.to_thread(_read, url, collection, vectors)


def _read(url: str, collection: JudgedCollection, vectors: list[list[float]]) -> Indexed:
    with psycopg.connect(url) as connection:
        stored = connection.execute(
            """SELECT c.id, (SELECT count(*)::int FROM concord.document WHERE collection_id = c.id)
               FROM concord.collection c WHERE c.name = %s AND c.deleted_at IS NULL""",
            (collection.name,),
        ).fetchone()
        if stored is None:
            raise LookupError(f"there is no collection {collection.name}")
        number, documents = stored
        chunks = connection.execute(
            """SELECT d.id, c.term_ids, c.term_counts, e.vector::vector::text
               FROM concord.document d
               JOIN concord.chunk c ON c.collection_id = d.collection_id AND c.document_number = d.number
               JOIN concord.embedding e ON e.collection_id = d.collection_id AND e.chunk_id = c.id
               WHERE d.collection_id = %s ORDER BY d.number, c.ordinal""",
            (number,),
        ).fetchall()
        titles = connection.execute(
            """SELECT d.id, t.id, a.frequency FROM concord.document d
               CROSS JOIN LATERAL concord.analyze('english', d.title) a
               JOIN concord.keyword_term t
                   ON t.collection_id = d.collection_id AND t.term = a.term COLLATE "C"
               WHERE d.collection_id = %s""",
            (number,),
        ).fetchall()
        queries = [
            Query(
                _words(connection, number, text),
                np.asarray(vector, dtype=np.float16).astype(float),
                {document_id(document): grade for document, grade in collection.grades[name].items()},
            )
            for (name, text), vector in zip(collection.queries.items(), vectors, strict=True)
        ]
    return _arrays(documents, chunks, titles, queries)


def _words(connection: psycopg.Connection[Any], collection: int, text: str) -> list[tuple[int | None, int]]:
    return connection.execute(
        """SELECT t.id, a.frequency FROM concord.analyze('english', %s) a
           LEFT JOIN concord.keyword_term t ON t.collection_id = %s AND t.term = a.term COLLATE "C" """,
        (text, collection),
    ).fetchall()


def _arrays(documents: int, chunks: list[Any], titles: list[Any], queries: list[Query]) -> Indexed:
    places: dict[str, int] = {}
    first_chunks = []
    frequencies: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for chunk, (document, terms, counts, _) in enumerate(chunks):
        if document not in places:
            places[document] = len(places)
            first_chunks.append(chunk)
        for term, count in zip(terms, counts, strict=True):
            frequencies[term][places[document]] += count
    in_titles = {(term, places[document]): count for document, term, count in titles if document in places}
    lengths, title_lengths = np.zeros(len(places)), np.zeros(len(places))
    postings = {}
    for term, counts in frequencies.items():
        found = np.array(list(counts))
        of_titles = np.array([in_titles.get((term, place), 0) for place in counts], dtype=float)
        postings[term] = Postings(found, np.array(list(counts.values()), dtype=float), of_titles)
        lengths[found] += postings[term].frequencies
        title_lengths[found] += of_titles
    vectors = np.array([json.loads(vector) for *_, vector in chunks])
    starts = np.array(first_chunks)
    return Indexed(documents, list(places), lengths, title_lengths, postings, vectors, starts, queries)
