"""Concord by itself: what it takes above its statements, and its recall by the width of the index's scan."""

import time
from typing import Any
from unittest.mock import patch

from shared.domain import ranking
from tests.benchmarks.report import percentile
from tests.benchmarks.search_concord import Concord
from tests.benchmarks.search_data import SearchData
from tests.benchmarks.search_measure import Variant, measure_alone
from tests.benchmarks.search_quality import exact_by_meaning, recall
from tests.benchmarks.search_server import Server, StatementTimes

WIDTHS = (20, 40, 80, 120, 200, 400)
_SEARCHES = 60
# Passages read, as a multiple of the width, by default.
_PASSAGES_PER_WIDTH = ranking.FIRST_CHUNKS / ranking.HNSW_WIDTH


async def above_statements(concord: Concord, server: Server, data: SearchData) -> list[dict[str, Any]]:
    """Per mode and kind of query: the server's own time, what is above it, and this process's processor time.

    Above it are the client, the application, both ends of the socket, and whatever else the machine does.
    """
    rows = []
    with StatementTimes(server) as statements:
        for mode in ("hybrid", "keyword", "semantic"):
            for kind, queries in data.queries.items():
                variant = Variant("concord", mode, answer=concord.answer(mode))
                inside, above, busy = [], [], []
                for query in queries[:_SEARCHES]:
                    statements.since_last()
                    started = time.process_time()
                    took, _ = await variant.timed(query)
                    busy.append((time.process_time() - started) * 1000)
                    inside.append(statements.since_last())
                    above.append(took - inside[-1])
                rows.append(
                    {
                        "table": "above the statements",
                        "mode": mode,
                        "queries": kind,
                        "statements_p50_ms": round(percentile(inside, 0.5), 2),
                        "statements_p95_ms": round(percentile(inside, 0.95), 2),
                        "above_p50_ms": round(percentile(above, 0.5), 2),
                        "above_p95_ms": round(percentile(above, 0.95), 2),
                        "python_cpu_p50_ms": round(percentile(busy, 0.5), 2),
                        "python_cpu_p95_ms": round(percentile(busy, 0.95), 2),
                    }
                )
    return rows


async def sweep(concord: Concord, data: SearchData) -> list[dict[str, Any]]:
    """Semantic searches for the long queries, a row for each width."""
    queries = {"long": data.queries["long"]}
    exact = exact_by_meaning(data, queries["long"])
    rows = []
    for width in WIDTHS:
        with (
            patch.object(ranking, "HNSW_WIDTH", width),
            patch.object(ranking, "FIRST_CHUNKS", round(width * _PASSAGES_PER_WIDTH)),
        ):
            variant = Variant("concord", "semantic", answer=concord.answer("semantic"))
            await measure_alone([variant], queries)
        rows.append(
            {
                "table": "sweep",
                "ef_search": width,
                "recall@10": round(recall(variant.found["long"], exact), 4),
                "p50_ms": round(percentile(variant.times["long"], 0.5), 2),
                "p95_ms": round(percentile(variant.times["long"], 0.95), 2),
            }
        )
    return rows
