"""Ways to chunk and what to embed with a chunk, by what exact scans of the vectors then find.

A document is scored by its best chunk. Each way is compared with the default's by a paired bootstrap.

    uv run python -m tests.benchmarks.chunking [--json] [--data DIR] [--documents N] [--resamples N]
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.chunking.bodies import chunk_as
from shared.chunking.limits import ChunkLimits
from shared.chunking.markdown import chunk_body
from shared.cli.bootstrap import paired_bootstrap
from shared.cli.metrics import ndcg, recall
from shared.domain.chunks import Chunk, Chunking
from shared.domain.embedding_templates import DEFAULT_TEMPLATE, embedded_chunk
from tests.benchmarks.judged_data import JudgedCollection, read_collection
from tests.benchmarks.report import Report, arguments
from tests.benchmarks.text_vectors import vectors_of

COLLECTIONS = ("scifact", "cranfield")
DEFAULT = "headings, up to 256 tokens, with title and headings"
LONGEST_RANKING = 100


def with_context(title: str, chunk: Chunk, body: str) -> str:
    return embedded_chunk(DEFAULT_TEMPLATE, title, chunk, body, {})


def without_context(_title: str, chunk: Chunk, body: str) -> str:
    return body[chunk.start : chunk.end]


@dataclass(frozen=True, slots=True)
class Way:
    """How bodies become chunks, and what of a chunk is embedded."""

    chunks: Callable[[str], list[Chunk]]
    text: Callable[[str, Chunk, str], str] = with_context


def limited(minimum: int, target: int, maximum: int, overlap: float = 0.15) -> Way:
    limits = ChunkLimits(minimum, target, maximum, overlap)
    return Way(lambda body: chunk_body(body, limits=limits))


WAYS = {
    DEFAULT: Way(chunk_body),
    "the same without title and headings": Way(chunk_body, without_context),
    "whole": Way(lambda body: chunk_as(Chunking.WHOLE, body)),
    "whole without title": Way(lambda body: chunk_as(Chunking.WHOLE, body), without_context),
    "up to 128 tokens": limited(43, 96, 128),
    "up to 220 tokens": limited(73, 160, 220),
    "up to 384 tokens": limited(128, 256, 384),
    "up to 256 tokens without overlap": limited(85, 192, 256, 0),
}


@dataclass(frozen=True, slots=True)
class Measured:
    chunks: int
    ndcg: list[float]
    recall: list[float]


def measure(collection: JudgedCollection, name: str, way: Way) -> Measured:
    texts, owners = [], []
    for document, title, body in collection.documents:
        for chunk in way.chunks(body):
            texts.append(way.text(title, chunk, body))
            owners.append(document)
    vectors = vectors_of(f"chunking-{collection.name}-{name.replace(' ', '-')}", texts)
    queries = vectors_of(f"queries-{collection.name}", list(collection.queries.values()))
    measured = Measured(len(texts), [], [])
    for query, vector in zip(collection.queries, queries, strict=True):
        ranking = best_documents(owners, vectors @ vector)
        measured.ndcg.append(ndcg(ranking, collection.grades[query]))
        measured.recall.append(recall(ranking, collection.grades[query]))
    return measured


def best_documents(owners: list[str], similarities: Any) -> list[str]:
    """Documents by their best chunk, the best first."""
    ranking: dict[str, None] = {}
    for place in np.argsort(-similarities, kind="stable"):
        ranking.setdefault(owners[place])
        if len(ranking) == LONGEST_RANKING:
            break
    return list(ranking)


def rows_of(collection: JudgedCollection, resamples: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    default: Measured | None = None
    for name, way in WAYS.items():
        measured = measure(collection, name, way)
        default = default or measured
        gain = paired_bootstrap(default.ndcg, measured.ndcg, resamples=resamples)
        rows.append(
            {
                "table": collection.name,
                "way": name,
                "chunks": measured.chunks,
                "ndcg@10": round(float(np.mean(measured.ndcg)), 4),
                "recall@100": round(float(np.mean(measured.recall)), 4),
                "gain": round(gain.difference, 4),
                "95 %": f"{gain.low:+.3f} … {gain.high:+.3f}",
                "p": round(gain.p, 3),
            }
        )
    return rows


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, help="of each collection, the first so many")
    parser.add_argument("--resamples", type=int, default=10_000)
    options = parser.parse_args()
    report = Report("Ways to chunk")
    for name in COLLECTIONS:
        collection = read_collection(Path(options.data) / name)
        del collection.documents[options.documents or len(collection.documents) :]
        rows = rows_of(collection, options.resamples)
        report.rows += rows
        # Data that is not there is the same generated text under each name.
        report.ratios[f"{name}_whole_vs_headings"] = rows[2]["ndcg@10"] / rows[0]["ndcg@10"]
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
