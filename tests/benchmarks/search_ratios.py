"""How many times faster Concord is than each peer, where its answers are as good."""

from collections.abc import Sequence
from typing import Any

_SHORT_NAMES = {
    "by hand: ts_rank + pgvector": "diy",
    "LanceDB": "lancedb",
    "SQLite FTS5 + sqlite-vec": "sqlite",
    "Chroma": "chroma",
    "tantivy": "tantivy",
    "bm25s": "bm25s",
}
# Of each mode, what its answers are judged by.
_QUALITY = {"hybrid": "ndcg@10", "keyword": "ndcg@10", "semantic": "recall@10"}
# Quality is given with so many digits, and is equal where these are.
_DIGITS = 3


def ratios(rows: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """A peer's p95 over Concord's for the judged queries: 10 means that Concord is ten times faster.

    Concord's is that of its default answer: passages and highlights beside the ids that peers return.

    None where Concord's quality is lower or was not measured; the peer's row gets the reason as `void`.
    """
    searches = [row for row in rows if row.get("table") == "search" and row["queries"] == "long"]
    ours = {(row["mode"], row["clients"]): row for row in searches if row["side"] == "concord"}
    found: dict[str, float | None] = {}
    for theirs in searches:
        if theirs["side"] not in _SHORT_NAMES:
            continue
        mine = ours[theirs["mode"], theirs["clients"]]
        name = f"{theirs['mode']}_p95_vs_{_SHORT_NAMES[theirs['side']]}"
        if theirs["clients"] > 1:
            name += f"_{theirs['clients']}_clients"
        reason = _void(mine, theirs)
        if reason:
            theirs["void"] = reason
        found[name] = None if reason else round(theirs["p95_ms"] / mine["p95_ms"], 3)
    return found


def _void(mine: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    measure = _QUALITY[theirs["mode"]]
    if mine.get(measure) is None or theirs.get(measure) is None:
        return f"{measure} was not measured"
    if round(mine[measure], _DIGITS) < round(theirs[measure], _DIGITS):
        return f"Concord's {measure} is lower: {mine[measure]} < {theirs[measure]}"
    return None
