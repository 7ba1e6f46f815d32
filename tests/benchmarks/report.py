"""How every benchmark reports: rows and ratios, as a table or as JSON."""

import argparse
import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# The judged collections that lie beside a development checkout, where they do.
DEFAULT_DATA = Path("../shared/data")


@dataclass(slots=True)
class Report:
    """`{"machine", "rows", "ratios"}`: each side's figures in a row of its own, ours over the peer's."""

    title: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)

    def print(self, *, as_json: bool) -> None:
        if as_json:
            document = {"machine": machine(), "rows": self.rows, "ratios": self.ratios}
            print(json.dumps(document, indent=2))
            return
        console = Console()
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        table = Table(*columns, title=self.title)
        for row in self.rows:
            table.add_row(*(str(row.get(name, "")) for name in columns))
        console.print(table)
        for name, ratio in self.ratios.items():
            console.print(f"{name}: {ratio:.3f}")


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
