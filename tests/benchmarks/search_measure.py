"""Times and quality of every side: one client at first, all sides in turn; then several side by side."""

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from shared.cli.metrics import ndcg
from tests.benchmarks.peers.peer import K, Peer
from tests.benchmarks.report import percentile
from tests.benchmarks.search_concord import IDS_ALONE, Concord
from tests.benchmarks.search_data import Query

_WARM_UPS = 20
_RESAMPLES = 1_000
_SEED = 7

type Found = list[str]


@dataclass(slots=True)
class Variant:
    """A side in one mode. `answer` waits; `ask` answers at once, which is how an embedded peer is called."""

    side: str
    mode: str
    answer: Callable[[Query], Awaitable[Found]] | None = None
    ask: Callable[[Query], Found] | None = None
    found: dict[str, list[Found]] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    times_together: dict[str, list[float]] = field(default_factory=dict)
    searches_per_s: dict[str, float] = field(default_factory=dict)

    async def timed(self, query: Query) -> tuple[float, Found]:
        """Milliseconds, and what was found."""
        started = time.perf_counter()
        found = await self._call(query)
        return (time.perf_counter() - started) * 1000, found

    async def _call(self, query: Query) -> Found:
        if self.answer is not None:
            return await self.answer(query)
        assert self.ask is not None
        return self.ask(query)


def variants_of(concord: Concord, peers: Sequence[Peer]) -> list[Variant]:
    """Concord's three modes first: with passages and highlights, and then with ids alone, as peers answer."""
    ours = [
        Variant(name, mode, answer=concord.answer(mode, **fields))
        for name, fields in ((concord.name, {}), (f"{concord.name}, ids alone", IDS_ALONE))
        for mode in ("hybrid", "keyword", "semantic")
    ]
    theirs = [
        Variant(peer.name, mode, ask=partial(peer.search, mode)) for peer in peers for mode in peer.modes
    ]
    return ours + theirs


async def measure_alone(variants: Sequence[Variant], queries: dict[str, list[Query]]) -> None:
    """Every query through every variant, in an order of its own each time, one after the other."""
    chance = random.Random(_SEED)
    for kind, asked in queries.items():
        for variant in variants:
            for query in asked[:_WARM_UPS]:
                await variant.timed(query)
        for query in asked:
            for variant in chance.sample(variants, len(variants)):
                took, found = await variant.timed(query)
                variant.times.setdefault(kind, []).append(took)
                variant.found.setdefault(kind, []).append(found)


async def measure_together(
    variants: Sequence[Variant], queries: dict[str, list[Query]], clients: int
) -> None:
    """The same queries from so many clients at once; the variants one after the other, in random order."""
    chance = random.Random(_SEED)
    with ThreadPoolExecutor(clients) as threads:
        for kind, asked in queries.items():
            for variant in chance.sample(variants, len(variants)):
                waiting = [variant.answer or _in_thread(variant, threads)] * clients
                remaining = list(asked)
                times: list[float] = []
                started = time.perf_counter()
                await asyncio.gather(*(_client(answer, remaining, times) for answer in waiting))
                variant.searches_per_s[kind] = len(asked) / (time.perf_counter() - started)
                variant.times_together[kind] = times


async def _client(
    answer: Callable[[Query], Awaitable[Found]], remaining: list[Query], times: list[float]
) -> None:
    while remaining:
        query = remaining.pop()
        started = time.perf_counter()
        await answer(query)
        times.append((time.perf_counter() - started) * 1000)


def _in_thread(variant: Variant, threads: ThreadPoolExecutor) -> Callable[[Query], Awaitable[Found]]:
    async def answer(query: Query) -> Found:
        assert variant.ask is not None
        return await asyncio.get_running_loop().run_in_executor(threads, variant.ask, query)

    return answer


def row_of(variant: Variant, kind: str, clients: int) -> dict[str, Any]:
    """Times alone or together; without quality, which `search_quality` adds."""
    times = variant.times[kind] if clients == 1 else variant.times_together[kind]
    low, high = p95_interval(times)
    row: dict[str, Any] = {
        "table": "search",
        "side": variant.side,
        "mode": variant.mode,
        "queries": kind,
        "clients": clients,
        "p50_ms": round(percentile(times, 0.5), 2),
        "p95_ms": round(percentile(times, 0.95), 2),
        "p95_from_ms": round(low, 2),
        "p95_to_ms": round(high, 2),
        "max_ms": round(max(times), 2),
    }
    if clients > 1:
        row["searches_per_s"] = round(variant.searches_per_s[kind], 1)
    return row


def p95_interval(times: Sequence[float]) -> tuple[float, float]:
    """A 95 % confidence interval of the 95th percentile, by bootstrap."""
    chance = random.Random(_SEED)
    values = sorted(percentile(chance.choices(times, k=len(times)), 0.95) for _ in range(_RESAMPLES))
    return percentile(values, 0.025), percentile(values, 0.975)


def mean_ndcg(found: Sequence[Found], queries: Sequence[Query]) -> float | None:
    """nDCG@10 where the queries were judged."""
    gains = [ndcg(hits, query.grades, K) for hits, query in zip(found, queries, strict=True) if query.grades]
    return statistics.mean(gains) if gains else None
