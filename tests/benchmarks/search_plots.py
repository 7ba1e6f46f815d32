"""Plots of the search benchmark's JSON: latency against size, and recall against latency."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

_SIZE = (7.2, 4.4)
_DPI = 150
# A side has the same colour in every pane.
_COLOURS = {
    "concord": "C0",
    "concord, ids alone": "C9",
    "by hand: ts_rank + pgvector": "C1",
    "LanceDB": "C2",
    "SQLite FTS5 + sqlite-vec": "C3",
    "Chroma": "C4",
    "tantivy": "C5",
    "bm25s": "C6",
}


def write_plots(documents: Sequence[dict[str, Any]], folder: Path) -> None:
    """`search-latency.png` of all runs, and `search-recall.png` of the one with most documents."""
    folder.mkdir(parents=True, exist_ok=True)
    _latency(documents).savefig(folder / "search-latency.png", dpi=_DPI)
    largest = max(documents, key=lambda document: int(document["settings"]["documents"]))
    _recall(largest).savefig(folder / "search-recall.png", dpi=_DPI)


def _searches(document: dict[str, Any], mode: str) -> list[dict[str, Any]]:
    return [
        row
        for row in document["rows"]
        if row.get("table") == "search" and (row["mode"], row["queries"], row["clients"]) == (mode, "long", 1)
    ]


def _latency(documents: Sequence[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=_SIZE, layout="constrained")
    panes = figure.subplots(1, 2, sharey=True)
    for pane, mode in zip(panes, ("hybrid", "keyword"), strict=True):
        lines: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        for document in sorted(documents, key=lambda each: int(each["settings"]["documents"])):
            for row in _searches(document, mode):
                lines[row["side"]].append((document["settings"]["documents"], row))
        for side, points in lines.items():
            _draw_line(pane, side, points)
        pane.set(title=f"{mode}, long queries, 1 client", xlabel="documents", xscale="log", yscale="log")
        pane.grid(visible=True, alpha=0.3)
        pane.legend(fontsize=7)
    panes[0].set_ylabel("p95, ms")
    return figure


def _draw_line(pane: Axes, side: str, points: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """The 95th percentile by size, with its interval."""
    rows = [row for _, row in points]
    pane.errorbar(
        [size for size, _ in points],
        [row["p95_ms"] for row in rows],
        yerr=[
            [row["p95_ms"] - row["p95_from_ms"] for row in rows],
            [row["p95_to_ms"] - row["p95_ms"] for row in rows],
        ],
        marker="o",
        markersize=4,
        capsize=3,
        label=side,
        color=_COLOURS[side],
        linewidth=2.4 if side == "concord" else 1.2,
    )


def _recall(document: dict[str, Any]) -> Figure:
    figure = Figure(figsize=_SIZE, layout="constrained")
    pane = figure.subplots()
    swept = [row for row in document["rows"] if row.get("table") == "sweep"]
    if swept:
        times, recalls = [row["p95_ms"] for row in swept], [row["recall@10"] for row in swept]
        pane.plot(times, recalls, marker="o", label="concord, by ef_search", linewidth=2.4)
        for row in swept:
            pane.annotate(row["ef_search"], (row["p95_ms"], row["recall@10"]), fontsize=7)
    for row in _searches(document, "semantic"):
        if not row["side"].startswith("concord"):
            pane.scatter(row["p95_ms"], row["recall@10"], label=row["side"], color=_COLOURS[row["side"]])
    size = document["settings"]["documents"]
    pane.set(
        title=f"semantic, {size:,} documents, 1 client", xlabel="p95, ms", ylabel="recall@10", xscale="log"
    )
    pane.grid(visible=True, alpha=0.3)
    pane.legend(fontsize=7)
    return figure
