"""How every benchmark reports: rows and ratios, as a table or as JSON."""

import argparse
import json
import os
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# The judged collections that lie beside a development checkout, where they do.
DEFAULT_DATA = Path("../shared/data")


@dataclass(slots=True)
class Report:
    """`{"machine", "rows", "ratios"}`: each side's figures in a row of its own, and how sides compare.

    `settings` are there where they matter. Rows may say in which `table` they are shown. A ratio is None
    where it would mean nothing.
    """

    title: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    ratios: dict[str, float | None] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        document = {"machine": machine(), "rows": self.rows, "ratios": self.ratios}
        return document | ({"settings": self.settings} if self.settings else {})

    def print(self, *, as_json: bool) -> None:
        if as_json:
            print(json.dumps(self.document(), indent=2))
            return
        # A file or a pipe has no width of its own, and tables of many columns.
        console = Console(width=None if sys.stdout.isatty() else 200)
        for title in dict.fromkeys(row.get("table", self.title) for row in self.rows):
            rows = [row for row in self.rows if row.get("table", self.title) == title]
            columns = [
                name for name in dict.fromkeys(name for row in rows for name in row) if name != "table"
            ]
            table = Table(*columns, title=title if title == self.title else f"{self.title}: {title}")
            for row in rows:
                table.add_row(*("" if row.get(name) is None else str(row[name]) for name in columns))
            console.print(table)
        for name, ratio in self.ratios.items():
            console.print(f"{name}: {'void' if ratio is None else f'{ratio:.3f}'}")
        for name, value in self.settings.items():
            console.print(f"{name}: {value}")


def machine() -> dict[str, Any]:
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def arguments(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of judged collections")
    return parser


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
