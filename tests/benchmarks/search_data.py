"""What the search benchmark searches: texts, their passages' vectors, and two kinds of queries.

5,183 documents are SciFact's abstracts; 114,108 are those, Cranfield's abstracts and WordNet's synsets; more
are copies of all of them with other words and other vectors.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.chunking.markdown import chunk_body
from shared.domain.embedding_templates import DEFAULT_TEMPLATE, embedded_chunk
from tests.benchmarks.judged_data import JudgedCollection, generated_collection, read_collection
from tests.benchmarks.searched_documents import Document
from tests.benchmarks.text_vectors import vectors_of
from tests.benchmarks.varied_copies import varied_copies

SHORT_QUERIES = 200


@dataclass(frozen=True, slots=True)
class Query:
    """`grades` are of documents by id; empty where nobody judged."""

    text: str
    vector: NDArray[np.float32]
    grades: dict[str, int]


@dataclass(frozen=True, slots=True)
class SearchData:
    """`queries` by their kind: `long` ones are judged claims, `short` ones a few words."""

    name: str
    documents: Sequence[Document]
    queries: dict[str, list[Query]]

    def passages(self) -> Iterator[tuple[str, str, NDArray[np.float32]]]:
        """The id of each passage's document, its text and its vector."""
        for document in self.documents:
            for text, vector in zip(document.passages, document.vectors, strict=True):
                yield document.id, text, vector


def read_data(folder: Path, size: int | None, queries: int | None = None) -> SearchData:
    """`size` documents of what is in `folder`: SciFact, and the others when it is not enough.

    At most so many `queries` of each kind: of SciFact's 300 claims and of 200 examples of WordNet's.
    """
    data = _read(folder, size)
    return replace(data, queries={kind: asked[:queries] for kind, asked in data.queries.items()})


def _read(folder: Path, size: int | None) -> SearchData:
    scifact = read_collection(folder / "scifact")
    if not (folder / "wordnet_bulk").exists():
        return _generated(generated_collection(), size)
    bulk = read_collection(folder / "wordnet_bulk")
    documents = with_vectors(scifact.name, scifact)
    if size is not None and size > len(documents):
        cranfield = read_collection(folder / "cranfield")
        documents += with_vectors(cranfield.name, cranfield, "cran-") + with_vectors(bulk.name, bulk, "wn-")
        documents += list(varied_copies(documents, max(size - len(documents), 0)))
    return SearchData(
        scifact.name if size is None or size <= len(scifact.documents) else "pooled",
        documents[:size],
        {
            "long": _queries(scifact.name, list(scifact.queries.values()), list(scifact.grades.values())),
            "short": _queries(bulk.name, list(bulk.queries.values())[:SHORT_QUERIES], []),
        },
    )


def with_vectors(name: str, collection: JudgedCollection, prefix: str = "") -> list[Document]:
    """The collection's documents, each id after `prefix`, with the passages that Concord makes of them."""
    passages = [
        [embedded_chunk(DEFAULT_TEMPLATE, title, chunk, body, {}) for chunk in chunk_body(body)]
        for _, title, body in collection.documents
    ]
    vectors = vectors_of(name, [text for texts in passages for text in texts])
    ends = accumulate((len(texts) for texts in passages), initial=0)
    return [
        Document(prefix + identifier, title, body, texts, vectors[start:end])
        for (identifier, title, body), texts, (start, end) in zip(
            collection.documents, passages, pairwise(ends), strict=True
        )
    ]


def _queries(name: str, texts: list[str], grades: list[dict[str, int]]) -> list[Query]:
    vectors = vectors_of(f"{name}-queries", texts)
    judged = grades or [{} for _ in texts]
    return [Query(*query) for query in zip(texts, vectors, judged, strict=True)]


def _generated(collection: JudgedCollection, size: int | None) -> SearchData:
    collection = JudgedCollection(
        collection.name, collection.documents[:size], collection.queries, collection.grades
    )
    texts, grades = list(collection.queries.values())[:40], list(collection.grades.values())[:40]
    short = [" ".join(text.split()[:3]) for text in texts]
    documents = with_vectors(collection.name, collection)
    documents += list(varied_copies(documents, max((size or 0) - len(documents), 0)))
    return SearchData(
        collection.name,
        documents,
        {
            "long": _queries(collection.name, texts, grades),
            "short": _queries(f"{collection.name}-short", short, []),
        },
    )
