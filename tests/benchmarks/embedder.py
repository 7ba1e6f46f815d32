"""The local embedder beside the published model in 32-bit floats, on the same cores.

uv run python -m tests.benchmarks.embedder [--json] [--data DIR] [--chunks N] [--documents N]
"""

import asyncio
import math
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from shared.embeddings.local import LocalEmbedder
from shared.embeddings.local_model_build import ensure_model_files, require_weights
from tests.benchmarks.judged_data import JudgedCollection, read_collection
from tests.benchmarks.report import Report, arguments, percentile
from tests.builders.float32_model import Float32Model

CHUNK_TOKENS = 134
ROUNDS = 3
QUERY = "How do I reset my password?"
QUERIES = 200

type Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32]]]


def chunks_of(documents: list[tuple[str, str, str]], count: int) -> list[str]:
    """Beginnings of long documents that have exactly 134 tokens each, the two markers among them."""
    tokenizer = Tokenizer.from_file(str(require_weights() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(CHUNK_TOKENS)
    chunks = []
    for _, _, text in documents:
        encoding = tokenizer.encode(text)
        if len(encoding.ids) == CHUNK_TOKENS:
            chunks.append(text[: encoding.offsets[-2][1]])
    return (chunks * math.ceil(count / len(chunks)))[:count]


async def speed(embed: Embed, chunks: list[str]) -> dict[str, float]:
    """Chunks a second, wall and per second of processor time, and milliseconds for one short query."""
    busy = time.process_time()
    started = time.perf_counter()
    await embed(chunks)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    waits = []
    for _ in range(QUERIES):
        asked = time.perf_counter()
        await embed([QUERY])
        waits.append((time.perf_counter() - asked) * 1000)
    return {
        "chunks_per_s": len(chunks) / seconds,
        "chunks_per_cpu_s": len(chunks) / busy,
        "query_p50_ms": percentile(waits, 0.5),
    }


async def best_speed(sides: dict[str, Embed], chunks: list[str]) -> dict[str, dict[str, float]]:
    """Each side's best of some rounds, in turns, so that what else the machine does meets both."""
    rounds: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, embed in sides.items():
            rounds[side].append(await speed(embed, chunks))
    best = {}
    for side, measured in rounds.items():
        best[side] = {name: max(each[name] for each in measured) for name in measured[0]}
        best[side]["query_p50_ms"] = min(each["query_p50_ms"] for each in measured)
    return best


def sample(collection: JudgedCollection, documents: int) -> JudgedCollection:
    """Every judged document and others, `documents` in all."""
    judged = {name for grades in collection.grades.values() for name in grades}
    first = sorted(collection.documents, key=lambda document: document[0] not in judged)
    return JudgedCollection(
        collection.name, first[: max(documents, len(judged))], collection.queries, collection.grades
    )


def ndcg(collection: JudgedCollection, documents: NDArray[np.float32], queries: NDArray[np.float32]) -> float:
    """Mean nDCG@10 of an exact search among the documents."""
    names = [name for name, _, _ in collection.documents]
    gains = []
    for query, vector in zip(collection.queries, queries, strict=True):
        grades = collection.grades[query]
        found = [grades.get(names[place], 0) for place in np.argsort(-(documents @ vector))[:10]]
        ideal = sorted(grades.values(), reverse=True)[:10]
        gains.append(_discounted(found) / _discounted(ideal))
    return sum(gains) / len(gains)


def _discounted(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(rank + 2) for rank, grade in enumerate(grades))


async def compare(collection: JudgedCollection, chunks: list[str], report: Report) -> None:
    embedder = LocalEmbedder(ensure_model_files())
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(cores) as threads:
        published = Float32Model(Path(folder))

        async def ours(texts: Sequence[str]) -> NDArray[np.float32]:
            return np.array(await embedder.embed(texts), np.float32)

        async def float32(texts: Sequence[str]) -> NDArray[np.float32]:
            return np.array(list(threads.map(published.embed, texts)))

        sides: dict[str, Embed] = {"concord": ours, "float32": float32}
        for embed in sides.values():
            await embed(chunks[:8])
        speeds = await best_speed(sides, chunks)
        texts = [f"{title}\n{text}" for _, title, text in collection.documents]
        vectors = {side: await embed(texts) for side, embed in sides.items()}
        asked = {side: await embed(list(collection.queries.values())) for side, embed in sides.items()}
    cosines = (vectors["concord"] * vectors["float32"]).sum(axis=1)
    for side in sides:
        row: dict[str, Any] = {"embedder": side}
        row |= {name: round(value, 2) for name, value in speeds[side].items()}
        row["ndcg@10"] = round(ndcg(collection, vectors[side], asked[side]), 4)
        row["collection"] = f"{collection.name}, {len(texts)} documents"
        report.rows.append(row)
    ours_speed, peer = speeds["concord"], speeds["float32"]
    report.ratios |= {
        "throughput_vs_float32": round(ours_speed["chunks_per_s"] / peer["chunks_per_s"], 3),
        "cpu_throughput_vs_float32": round(ours_speed["chunks_per_cpu_s"] / peer["chunks_per_cpu_s"], 3),
        "query_latency_vs_float32": round(ours_speed["query_p50_ms"] / peer["query_p50_ms"], 3),
        "ndcg_vs_float32": round(report.rows[0]["ndcg@10"] / report.rows[1]["ndcg@10"], 4),
        "mean_cosine_with_float32": round(float(cosines.mean()), 4),
        "least_cosine_with_float32": round(float(cosines.min()), 4),
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--chunks", type=int, default=128, help="chunks of 134 tokens to embed")
    parser.add_argument("--documents", type=int, default=600, help="documents to compare quality on")
    options = parser.parse_args()
    collection = read_collection(options.data / "scifact")
    report = Report("Local embedder")
    chunks = chunks_of(collection.documents, options.chunks)
    asyncio.run(compare(sample(collection, options.documents), chunks, report))
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
