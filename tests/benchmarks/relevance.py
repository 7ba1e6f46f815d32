"""Rankings that were kept and that lost, on the judged collections at hand, each with a paired bootstrap.

The collections are stored and embedded by Concord; the rankings are computed beside it, from its own terms
and vectors, so that one can be tried before it is written in SQL.

    uv run python -m tests.benchmarks.relevance [--json] [--data DIR] [--documents N]
        [--resamples N] [--database URL]
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from shared.cli.bootstrap import paired_bootstrap
from shared.config import EmbeddingSettings
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.protocol import Embedder
from shared.embeddings.provider import open_embedder
from tests.benchmarks.judged_data import JudgedCollection, read_collection
from tests.benchmarks.relevance_data import Floats, Indexed, read, sampled, store
from tests.benchmarks.relevance_rankings import Keyword, Ranking, quality
from tests.benchmarks.report import Report, arguments
from tests.builders.application import running_concord
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres

COLLECTIONS = ("scifact", "cranfield", "wordnet_bulk")
TITLE = Keyword(title=3)
PLAIN = "root of the share and cosine"
KEPT = "kept: title 3, peaks, feedback"


def stretched(scores: Floats) -> Floats:
    spread = float(np.ptp(scores))
    return (scores - scores.min()) / spread if spread else (scores > 0).astype(float)


def standardized(scores: Floats) -> Floats:
    deviation = float(scores.std())
    return (scores - scores.mean()) / deviation if deviation else np.zeros(len(scores))


def reciprocal_ranks(scores: Floats) -> Floats:
    ranks = np.argsort(np.argsort(-scores, kind="stable"), kind="stable") + 1
    return np.where(scores > 0, 1 / (60 + ranks), 0)


def with_mean(collection: Indexed, similarities: Floats) -> Floats:
    counts = np.diff(np.append(collection.first_chunks, len(similarities)))
    means = np.add.reduceat(similarities, collection.first_chunks) / counts
    return 0.8 * collection.best_of(similarities) + 0.2 * np.maximum(means, 0)


# Each group's first is what the others of the group are compared with.
RANKINGS: dict[str, dict[str, Ranking]] = {
    "keyword": {
        "BM25": Ranking(candidates="keyword"),
        "title 2": Ranking(Keyword(title=2), candidates="keyword"),
        "kept: title 3": Ranking(TITLE, candidates="keyword"),
        "title 5": Ranking(Keyword(title=5), candidates="keyword"),
        "k1 0.9, b 0.4": Ranking(Keyword(k1=0.9, b=0.4), candidates="keyword"),
        "k1 2": Ranking(Keyword(k1=2), candidates="keyword"),
        "BM25+": Ranking(Keyword(delta=1), candidates="keyword"),
        "rarity to the power of 1.5": Ranking(Keyword(power=1.5), candidates="keyword"),
        "repeated words once": Ranking(Keyword(query_frequency=lambda _: 1.0), candidates="keyword"),
    },
    "semantic": {
        "kept: best chunk": Ranking(candidates="semantic"),
        "best chunk and 0.2 of the mean": Ranking(chunks=with_mean, candidates="semantic"),
    },
    "hybrid": {
        PLAIN: Ranking(),
        "alpha 0.4": Ranking(alpha=0.4),
        "alpha 0.6": Ranking(alpha=0.6),
        "share and cosine": Ranking(fuse=lambda share, meaning: share + meaning),
        "min-max": Ranking(fuse=lambda share, meaning: stretched(share) + stretched(meaning)),
        "z-scores": Ranking(fuse=lambda share, meaning: standardized(share) + standardized(meaning)),
        "reciprocal ranks": Ranking(
            fuse=lambda share, meaning: reciprocal_ranks(share) + reciprocal_ranks(meaning)
        ),
        "geometric mean": Ranking(fuse=lambda share, meaning: np.sqrt(np.sqrt(share) * meaning)),
        "peaks": Ranking(peaks=0.5),
        "peaks alone": Ranking(peaks=1),
    },
    "hybrid, on top of title 3": {
        "title 3": Ranking(TITLE),
        "peaks": Ranking(TITLE, peaks=0.5),
        "feedback": Ranking(TITLE, feedback=0.2),
        KEPT: Ranking(TITLE, peaks=0.5, feedback=0.2),
        "feedback 0.3": Ranking(TITLE, peaks=0.5, feedback=0.3),
        "feedback of 3": Ranking(TITLE, peaks=0.5, feedback=0.2, feedback_from=3),
        "feedback whatever the length": Ranking(TITLE, peaks=0.5, feedback=0.2, by_length=False),
    },
}


def measure(name: str, collection: Indexed, resamples: int, report: Report) -> None:
    for group, rankings in RANKINGS.items():
        before: list[float] | None = None
        for ranking, how in rankings.items():
            found = quality(how, collection)
            row: dict[str, Any] = {
                "collection": name,
                "mode": group,
                "ranking": ranking,
                "ndcg@10": round(sum(found) / len(found), 4),
            }
            if before is not None:
                gain = paired_bootstrap(before, found, resamples=resamples)
                row |= {
                    "difference": round(gain.difference, 4),
                    "low": round(gain.low, 4),
                    "high": round(gain.high, 4),
                    "p": round(gain.p, 4),
                }
            before = before or found
            report.rows.append(row)


async def fill_and_compare(
    url: str, collections: list[JudgedCollection], resamples: int, report: Report
) -> None:
    async with running_concord(url) as concord:
        for collection in collections:
            await store(concord, collection)
            await compare(url, concord.embedder, collection, resamples, report)


async def compare_stored(
    url: str, collections: list[JudgedCollection], resamples: int, report: Report
) -> None:
    """Whatever the database's release; a collection that is not there is left out."""
    embedder = open_embedder(EmbeddingSettings(embedding_model_dir=ensure_model_files()))
    for collection in collections:
        with suppress(LookupError):
            await compare(url, embedder, collection, resamples, report)
    await embedder.aclose()


async def compare(
    url: str, embedder: Embedder, collection: JudgedCollection, resamples: int, report: Report
) -> None:
    indexed = await read(url, embedder, collection)
    await asyncio.to_thread(measure, collection.name, indexed, resamples, report)
    figures = {row["ranking"]: row["ndcg@10"] for row in report.rows if row["collection"] == collection.name}
    report.ratios[f"kept_vs_plain_{collection.name}"] = round(figures[KEPT] / max(figures[PLAIN], 1e-9), 4)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, help="only the first N documents of each collection")
    parser.add_argument("--resamples", type=int, default=2_000, help="of each paired bootstrap")
    parser.add_argument("--database", help="URL of one whose collections `concord eval` has filled")
    options = parser.parse_args()
    folders = [options.data / name for name in COLLECTIONS if (options.data / name).exists()]
    collections = [sampled(read_collection(folder)) for folder in folders or [options.data / "none"]]
    report = Report("Rankings, by nDCG@10")
    if options.database:
        asyncio.run(compare_stored(options.database, collections, options.resamples, report))
        report.print(as_json=options.json)
        return
    for collection in collections:
        del collection.documents[options.documents or len(collection.documents) :]
    with folder_for_servers() as folder:
        url = start_postgres(Path(folder), 18)
        asyncio.run(fill_and_compare(url, collections, options.resamples, report))
        stop_postgres(Path(folder), 18)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
