"""Which peers there are, and how a run comes by the packages that they need."""

# ruff: noqa: PLC0415 - a peer's packages are in the group `peers`, and are imported when it is asked for.

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence

from tests.benchmarks.peers.by_hand import ByHand
from tests.benchmarks.peers.peer import Peer

PEERS = ("by-hand", "lancedb", "sqlite", "chroma", "tantivy", "bm25s")
PACKAGES = {
    "lancedb": ("lancedb",),
    "sqlite": ("apsw", "sqlite_vec"),
    "chroma": ("chromadb",),
    "tantivy": ("tantivy",),
    "bm25s": ("bm25s", "Stemmer"),
}
PLOTS = ("matplotlib",)
_AGAIN = "CONCORD_BENCHMARK_WITH_PEERS"


def open_peers(names: Sequence[str], database_url: str) -> list[Peer]:
    """Nothing is loaded yet."""
    return [_open(name, database_url) for name in names]


def _open(name: str, database_url: str) -> Peer:
    match name:
        case "lancedb":
            # It warns of every search's columns.
            os.environ.setdefault("LANCEDB_LOG", "error")
            from tests.benchmarks.peers.lancedb_hybrid import LanceDb

            return LanceDb()
        case "sqlite":
            from tests.benchmarks.peers.sqlite_hybrid import Sqlite

            return Sqlite()
        case "chroma":
            from tests.benchmarks.peers.chroma_vectors import Chroma

            return Chroma()
        case "tantivy":
            from tests.benchmarks.peers.tantivy_keywords import Tantivy

            return Tantivy()
        case "bm25s":
            from tests.benchmarks.peers.bm25s_keywords import Bm25s

            return Bm25s()
        case _:
            return ByHand(database_url)


def missing(packages: Sequence[str]) -> list[str]:
    return [name for name in packages if importlib.util.find_spec(name) is None]


def require(packages: Sequence[str], module: str) -> None:
    """Start this run again with the group `peers` when it lacks some of `packages`.

    Exits with 2, and says what installs them, where that is not possible.
    """
    lacking = missing(packages)
    if not lacking:
        return
    uv = shutil.which("uv")
    if uv is None or _AGAIN in os.environ:
        print(
            f"Not installed: {', '.join(lacking)}. `uv sync --group peers` installs them; "
            "`--no-peers` does without.",
            file=sys.stderr,
        )
        raise SystemExit(2)
    os.environ[_AGAIN] = "1"
    os.execv(uv, [uv, "run", "--group", "peers", "python", "-m", module, *sys.argv[1:]])
