"""Measures the searches of a judged collection, through the API."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.cli.api_client import ConcordApi
from shared.cli.ingestion import ingest, wait_until_embedded
from shared.cli.judged_collection import JudgedQuery, read_corpus, read_judged_queries
from shared.cli.metrics import RECALL_CUTOFF, ndcg, percentile, recall, reciprocal_rank
from shared.cli.progress import counted, shrinking
from shared.errors import ConcordError

# Enough hits for recall@100; neither passages nor fields, as only the ranking is judged.
_RANKING = {"limit": RECALL_CUTOFF, "passages": 0, "include_fields": ["id"]}


class EvaluationIncomplete(ConcordError):
    """Some of the collection's documents could not be stored or embedded."""


@dataclass(slots=True)
class _Measured:
    ndcg: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    reciprocal_rank: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, float]:
        return {
            "ndcg@10": _mean(self.ndcg),
            "recall@100": _mean(self.recall),
            "mrr@10": _mean(self.reciprocal_rank),
            "p50_ms": round(percentile(self.milliseconds, 0.5), 2),
            "p95_ms": round(percentile(self.milliseconds, 0.95), 2),
        }


async def evaluate(api: ConcordApi, folder: Path, collection: str, modes: Sequence[str]) -> dict[str, Any]:
    """Store what the collection lacks, wait for its vectors and run every judged query in each mode."""
    queries = read_judged_queries(folder)
    documents = await _store(api, folder, collection)
    measured = {mode: await _measure(api, collection, queries, mode) for mode in modes}
    return {
        "collection": collection,
        "documents": documents,
        "queries": len(queries),
        "modes": {mode: values.as_json() for mode, values in measured.items()},
    }


async def _store(api: ConcordApi, folder: Path, collection: str) -> int:
    await api.ensure_collection(collection)
    with counted("documents stored") as stored:
        report = await ingest(api, collection, read_corpus(folder), stored)
    with shrinking("documents embedded") as left:
        found = await wait_until_embedded(api, collection, left)
    if report.errors or found["failed"]:
        first = [f"{error.source}: {error.message}" for error in report.errors[:1]]
        raise EvaluationIncomplete("; ".join([EvaluationIncomplete.__doc__ or "", *first]))
    return int(found["documents"])


async def _measure(api: ConcordApi, collection: str, queries: Sequence[JudgedQuery], mode: str) -> _Measured:
    measured = _Measured()
    # The first request loads the model and opens the connection; it is not one of those measured.
    await api.search(collection, {"q": queries[0].text, "mode": mode, **_RANKING}, fresh=True)
    with counted(f"{mode} searches", total=len(queries)) as done:
        for number, query in enumerate(queries, start=1):
            started = time.perf_counter()
            response = await api.search(collection, {"q": query.text, "mode": mode, **_RANKING}, fresh=True)
            measured.milliseconds.append((time.perf_counter() - started) * 1000)
            ranking = [hit["document"]["id"] for hit in response["hits"]]
            measured.ndcg.append(ndcg(ranking, query.relevance))
            measured.recall.append(recall(ranking, query.relevance))
            measured.reciprocal_rank.append(reciprocal_rank(ranking, query.relevance))
            done(number)
    return measured


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)
