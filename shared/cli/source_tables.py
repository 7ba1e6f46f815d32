"""Sources for people: tables and lines, and what is read of a command line."""

import re
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

_EVERY = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
_COUNTS = ("listed", "fetched", "not_modified", "changed", "failed", "deleted")


def seconds_of(every: str) -> int | None:
    """`30m`, `6h`, `1d` in seconds; None for `never`. Raises BadParameter."""
    if every == "never":
        return None
    found = _EVERY.fullmatch(every)
    if found is None:
        raise typer.BadParameter("write 30m, 6h, 1d or never", param_hint="--every")
    return int(found[1]) * _UNITS[found[2]]


def kind_of(address: str) -> str:
    """What an address most likely leads to."""
    if address.startswith("s3://"):
        return "s3_prefix"
    last = address.partition("?")[0].rstrip("/").rpartition("/")[2].lower()
    if "sitemap" in last:
        return "sitemap"
    if last in {"feed", "rss", "atom"} or last.endswith((".rss", ".atom", ".xml")):
        return "feed"
    return "page"


def sources_table(sources: list[dict[str, Any]]) -> Table:
    table = Table("id", "kind", "state", "next", "url")
    for source in sources:
        due = (source["next_due_at"] or "never")[:16].replace("T", " ")
        state = "refreshing" if source["refreshing"] else source["state"]
        table.add_row(*map(Text, (source["id"], source["kind"], state, due, source["url"])))
    return table


def source_lines(source: dict[str, Any]) -> list[Table | Text]:
    """A source, and its history when that is known."""
    lines: list[Table | Text] = [sources_table([source])]
    if source["error"]:
        lines.append(Text(source["error"]))
    if source.get("runs"):
        runs = Table("no.", "ended", "listed", "fetched", "same", "changed", "failed", "deleted", "error")
        for run in source["runs"]:
            ended = (run["finished_at"] or "")[:16].replace("T", " ")
            counts = [str(run[name]) for name in _COUNTS]
            runs.add_row(*map(Text, (str(run["number"]), ended, *counts, run["error"] or "")))
        lines.append(runs)
    if source.get("failing_items"):
        failing = Table("fails", "why")
        for item in source["failing_items"]:
            failing.add_row(Text(item["url"]), Text(item["error"]))
        lines.append(failing)
    return lines
