"""Peak memory of a process that searches, with the model loaded: started anew by the search benchmark.

uv run python -m tests.benchmarks.search_memory DATABASE_URL COLLECTION < queries.json
"""

import asyncio
import json
import resource
import sys
from pathlib import Path

import httpx
from pydantic import SecretStr

from functions.documents_search.handler import router as documents_search
from shared.cache.null import NullCache
from shared.config import DatabaseSettings, EmbeddingSettings, HttpSettings
from shared.database.pool import PooledConnections
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.provider import open_embedder
from shared.http.application import build_application
from shared.http.metering import Meter, MeterSettings


async def search_all(database_url: str, collection: str, queries: list[str]) -> None:
    database = PooledConnections(DatabaseSettings(database_url=SecretStr(database_url)))
    application = build_application([documents_search], HttpSettings())
    application.state.database = database
    application.state.cache = NullCache()
    application.state.meter = Meter(MeterSettings())
    application.state.embedder = open_embedder(EmbeddingSettings(embedding_model_dir=ensure_model_files()))
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://concord") as client:
        for query in queries:
            answer = await client.post(f"/v1/collections/{collection}/search", json={"q": query})
            answer.raise_for_status()
    await application.state.embedder.aclose()
    await database.aclose()


def peak_megabytes() -> float:
    """Of this program alone: getrusage on Linux counts what its parent had when it started it, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def main() -> None:
    asyncio.run(search_all(sys.argv[1], sys.argv[2], json.load(sys.stdin)))
    print(peak_megabytes())


if __name__ == "__main__":
    main()
