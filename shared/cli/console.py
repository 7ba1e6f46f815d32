"""Data goes to standard output, everything said to standard error."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape

from shared.config import ConfigurationError
from shared.errors import ConcordError


def output() -> Console:
    """Standard output; looked up anew, so that a redirected one is honoured."""
    return Console(file=sys.stdout, highlight=False)


def talk() -> Console:
    return Console(file=sys.stderr, highlight=False)


def print_json(data: Any) -> None:
    """One JSON text on standard output."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n")


def say(text: str) -> None:
    """A line of talk, as it is."""
    talk().print(escape(text), soft_wrap=True)


def say_error(error: ConcordError | ConfigurationError) -> None:
    """The error in one readable line; a ConfigurationError may list several variables."""
    talk().print(f"[bold red]error:[/] {escape(describe(error))}", soft_wrap=True)


def describe(error: ConcordError | ConfigurationError) -> str:
    """A ConcordError on one line, with its details; a ConfigurationError as it is, a line per variable."""
    if isinstance(error, ConfigurationError):
        return error.message
    parts = [error.message]
    for detail in error.details:
        place = f"{detail['field']}, column {detail['column']}" if "column" in detail else detail["field"]
        if detail["message"] not in error.message:
            parts.append(f"({place}: {detail['message']})")
    return " ".join(" ".join(parts).split())


class Stopwatch:
    """Tells how long each step took, and keeps it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        with talk().status(f"{name} …"):
            yield
        self.seconds[name] = round(time.perf_counter() - started, 2)
        say(f"{self.seconds[name]:6.2f} s  {name}")

    @property
    def total(self) -> float:
        return round(sum(self.seconds.values()), 2)
