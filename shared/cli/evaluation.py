"""Measures the searches of a judged collection, through the API."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shared.cli.api_client import ConcordApi
from shared.cli.bootstrap import paired_bootstrap
from shared.cli.ingestion import ingest, wait_until_embedded
from shared.cli.judged_collection import JudgedQuery, read_corpus, read_judged_queries
from shared.cli.metrics import RECALL_CUTOFF, ndcg, percentile, recall, reciprocal_rank
from shared.cli.progress import counted, shrinking
from shared.errors import ConcordError

# Enough hits for recall@100; neither passages nor fields, as only the ranking is judged.
_RANKING = {"limit": RECALL_CUTOFF, "passages": 0, "include_fields": ["id"]}
# What the measurement itself says of a request.
OWN_FIELDS = frozenset({"q", "mode", "offset", *_RANKING})


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


async def evaluate(
    api: ConcordApi,
    folder: Path,
    collection: str,
    modes: Sequence[str],
    *,
    fields: Mapping[str, Any] | None = None,
    against: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Store what the collection lacks, wait for its vectors and run every judged query in each mode.

    `fields` are further fields of each request. With `against`, other such fields, every query is asked both
    ways, and `comparisons` says per mode what `fields` gain in nDCG@10. Raises ApiError for fields that the
    API refuses.
    """
    queries = read_judged_queries(folder)
    documents = await _store(api, folder, collection)
    figures = await _figures(api, collection, queries, modes, fields or {}, against)
    return {"collection": collection, "documents": documents, "queries": len(queries), **figures}


async def compare_searches(
    api: ConcordApi,
    folder: Path,
    collection: str,
    modes: Sequence[str],
    *,
    fields: Mapping[str, Any],
    against: Mapping[str, Any],
) -> dict[str, Any]:
    """The same of a collection as it is, of which nothing is stored. Raises ApiError."""
    queries = read_judged_queries(folder)
    documents = (await api.collection(collection))["documents"]
    figures = await _figures(api, collection, queries, modes, fields, against)
    return {"collection": collection, "documents": documents, "queries": len(queries), **figures}


async def _figures(
    api: ConcordApi,
    collection: str,
    queries: Sequence[JudgedQuery],
    modes: Sequence[str],
    fields: Mapping[str, Any],
    against: Mapping[str, Any] | None,
) -> dict[str, Any]:
    measured: dict[str, dict[str, float]] = {}
    comparisons = []
    for mode in modes:
        values = await _measure(api, collection, queries, mode, fields)
        measured[mode] = values.as_json()
        if against is not None:
            others = await _measure(api, collection, queries, mode, against)
            comparisons.append(
                {"mode": mode, "set": dict(fields), "against": dict(against)} | _compared(others, values)
            )
    return {"modes": measured} if against is None else {"modes": measured, "comparisons": comparisons}


def _compared(before: _Measured, after: _Measured) -> dict[str, float]:
    gain = paired_bootstrap(before.ndcg, after.ndcg)
    figures = {name: round(value, 4) for name, value in asdict(gain).items()}
    means = {
        "ndcg@10": _mean(after.ndcg),
        "against_ndcg@10": _mean(before.ndcg),
        "recall@100": _mean(after.recall),
        "against_recall@100": _mean(before.recall),
    }
    return means | figures


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


async def _measure(
    api: ConcordApi, collection: str, queries: Sequence[JudgedQuery], mode: str, fields: Mapping[str, Any]
) -> _Measured:
    measured = _Measured()
    # The first request loads the model and opens the connection; it is not one of those measured.
    request = {**fields, "mode": mode, **_RANKING}
    await api.search(collection, {**request, "q": queries[0].text}, fresh=True)
    with counted(f"{mode} searches", total=len(queries)) as done:
        for number, query in enumerate(queries, start=1):
            started = time.perf_counter()
            response = await api.search(collection, {**request, "q": query.text}, fresh=True)
            measured.milliseconds.append((time.perf_counter() - started) * 1000)
            ranking = [hit["document"]["id"] for hit in response["hits"]]
            measured.ndcg.append(ndcg(ranking, query.relevance))
            measured.recall.append(recall(ranking, query.relevance))
            measured.reciprocal_rank.append(reciprocal_rank(ranking, query.relevance))
            done(number)
    return measured


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)
