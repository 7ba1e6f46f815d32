"""What it takes to fill Concord, and what a searching process takes of memory."""

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

from shared.embeddings.local import LocalEmbedder
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.protocol import Purpose
from tests.benchmarks.report import percentile
from tests.benchmarks.search_concord import Concord
from tests.benchmarks.search_data import SearchData
from tests.benchmarks.varied_copies import varied_copies

_SHORT_CHARACTERS = 400
_LIVE_DOCUMENTS = 1_000
_LIVE_BATCH = 100
_MEMORY_SEARCHES = 200
_EMBEDDED_QUERIES = 100


async def load_concord(concord: Concord, data: SearchData) -> list[dict[str, Any]]:
    """Rows of the long documents' load, the short ones', and of what maintenance then takes."""
    await concord.create(data)
    parts = {
        "long documents, no vector index": [d for d in data.documents if len(d.body) > _SHORT_CHARACTERS],
        "short documents, no vector index": [d for d in data.documents if len(d.body) <= _SHORT_CHARACTERS],
    }
    rows = [(await concord.load(part)).row(what) for what, part in parts.items() if part]
    seconds = await concord.maintain()
    maintained = {"table": "load", "side": "concord", "what": "compaction and vector index"}
    return [*rows, {**maintained, "documents": len(data.documents), "seconds": round(seconds, 2)}]


async def live_row(concord: Concord, data: SearchData) -> dict[str, Any]:
    """Documents stored by the hundred while the collection has its vector index: short ones, if any."""
    short = [d for d in data.documents if len(d.body) <= _SHORT_CHARACTERS] or data.documents
    copies = list(varied_copies(short[-_LIVE_DOCUMENTS:], _LIVE_DOCUMENTS, seed=11))
    loaded = await concord.load(copies, _LIVE_BATCH)
    return loaded.row("live, beside the indexes, by the hundred")


def query_embedding_row(data: SearchData) -> dict[str, Any]:
    """Milliseconds that the model takes for a query, which are in no side's time."""
    texts = [query.text for query in data.queries["long"]][:_EMBEDDED_QUERIES]
    times = asyncio.run(_embed_one_by_one(texts))
    row = {"table": "embedding", "side": "the model", "what": "one long query"}
    return {**row, "p50_ms": round(percentile(times, 0.5), 2), "p95_ms": round(percentile(times, 0.95), 2)}


async def _embed_one_by_one(texts: list[str]) -> list[float]:
    embedder = LocalEmbedder(ensure_model_files())
    await embedder.embed(texts[:1], purpose=Purpose.QUERY)
    times = []
    for text in texts:
        started = time.perf_counter()
        await embedder.embed([text], purpose=Purpose.QUERY)
        times.append((time.perf_counter() - started) * 1000)
    await embedder.aclose()
    return times


def memory_row(database_url: str, collection: str, data: SearchData) -> dict[str, Any]:
    """Of a new process that has the model and runs hybrid searches one after the other."""
    queries = [query.text for kind in data.queries.values() for query in kind][:_MEMORY_SEARCHES]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.search_memory", database_url, collection],
        input=json.dumps(queries),
        capture_output=True,
        text=True,
        check=True,
    )
    row = {"table": "memory", "side": "concord", "what": "searching process, model loaded"}
    return {**row, "searches": len(queries), "peak_megabytes": round(float(done.stdout), 1)}
