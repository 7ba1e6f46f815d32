"""Search through Concord's ASGI application beside its peers: same texts and vectors, k = 10, warm, no cache.

    uv run python -m tests.benchmarks.search [--json] [--data DIR] [--documents N] [--queries N]
        [--peers a,b | --no-peers] [--clients N] [--sweep] [--plot DIR] [--plot-from FILE…]

The model embeds texts and queries beforehand, outside of every side's time; what a query costs it is a row of
its own. One client goes first, all sides in turn for each query; then several at once.
"""

import argparse
import asyncio
import gc
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.peers.choice import PACKAGES, PEERS, PLOTS, open_peers, require
from tests.benchmarks.peers.peer import Peer
from tests.benchmarks.report import Report, arguments
from tests.benchmarks.search_concord import COLLECTION, Concord, open_concord
from tests.benchmarks.search_data import SearchData, read_data
from tests.benchmarks.search_load import live_row, load_concord, memory_row, query_embedding_row
from tests.benchmarks.search_measure import measure_alone, measure_together, row_of, variants_of
from tests.benchmarks.search_quality import add_quality, overlap_with_exact
from tests.benchmarks.search_ratios import ratios
from tests.benchmarks.search_server import Server, running_server, vacuum
from tests.benchmarks.search_settings import settings_of
from tests.benchmarks.search_storage import storage_rows
from tests.benchmarks.search_sweep import above_statements, sweep


async def compare(
    server: Server, data: SearchData, peers: Sequence[Peer], options: argparse.Namespace, report: Report
) -> None:
    async with open_concord(server.url) as concord:
        report.rows += await load_concord(concord, data)
        await asyncio.to_thread(vacuum, server.url)
        with ExitStack() as opened:
            for peer in peers:
                folder = opened.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
                started = time.perf_counter()
                await asyncio.to_thread(peer.load, data, Path(folder))
                took = time.perf_counter() - started
                opened.callback(peer.close)
                report.rows += [
                    {"table": "peers", "side": peer.name, "index": peer.index},
                    {"table": "load", "side": peer.name, "what": "all", "seconds": round(took, 2)},
                ]
            # The benchmark's own million objects are nobody's garbage to look through while a search waits.
            gc.collect()
            gc.freeze()
            await search_all(concord, peers, server, data, options, report)
        report.rows += await asyncio.to_thread(storage_rows, server.url)
        report.rows.append(await asyncio.to_thread(memory_row, server.url, COLLECTION, data))
        report.rows.append(await live_row(concord, data))
    report.ratios |= ratios(report.rows)


async def search_all(
    concord: Concord,
    peers: Sequence[Peer],
    server: Server,
    data: SearchData,
    options: argparse.Namespace,
    report: Report,
) -> None:
    variants = variants_of(concord, peers)
    await measure_alone(variants, data.queries)
    await measure_together(variants, data.queries, options.clients)
    rows = [
        row_of(variant, kind, clients)
        for clients in (1, options.clients)
        for kind in data.queries
        for variant in variants
    ]
    overlaps = await overlap_with_exact(concord, data, server.url)
    await asyncio.to_thread(add_quality, rows, variants, data, overlaps)
    report.rows += rows
    report.rows += await above_statements(concord, server, data)
    if options.sweep or options.plot:
        report.rows += await sweep(concord, data)


def parse(arguments_given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, help="how many; SciFact's where it is not said")
    parser.add_argument("--queries", type=int, help="of each kind, at most; all where it is not said")
    parser.add_argument("--clients", type=int, default=8, help="how many at once, after one")
    parser.add_argument("--sweep", action="store_true", help="recall by the width of the vector index's scan")
    parser.add_argument("--plot", type=Path, help="folder for PNGs; sweeps, too")
    parser.add_argument("--plot-from", type=Path, nargs="+", help="JSON of runs to plot instead of a run")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--peers", default=",".join(PEERS), help=f"of {','.join(PEERS)}")
    chosen.add_argument("--no-peers", action="store_true")
    options = parser.parse_args(arguments_given)
    options.peers = [] if options.no_peers else options.peers.split(",")
    if unknown := set(options.peers) - set(PEERS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")
    if options.plot_from and not options.plot:
        parser.error("--plot-from needs --plot")
    return options


def main() -> None:
    options = parse()
    packages = [package for peer in options.peers for package in PACKAGES.get(peer, ())]
    require([*packages, *(PLOTS if options.plot else ())], "tests.benchmarks.search")
    if options.plot_from:
        plot([json.loads(file.read_text()) for file in options.plot_from], options.plot)
        return
    data = read_data(options.data, options.documents, options.queries)
    report = Report(f"Search over {data.name}, {len(data.documents)} documents")
    report.rows.append(query_embedding_row(data))
    with running_server(len(data.documents)) as server:
        report.settings = settings_of(data, server, options)
        asyncio.run(compare(server, data, open_peers(options.peers, server.url), options, report))
    report.print(as_json=options.json)
    if options.plot:
        plot([report.document()], options.plot)


def plot(documents: Sequence[dict[str, object]], folder: Path) -> None:
    from tests.benchmarks.search_plots import write_plots  # noqa: PLC0415 - matplotlib is in the group `peers`

    write_plots(documents, folder)


if __name__ == "__main__":
    main()
