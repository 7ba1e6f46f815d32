"""A function behind HTTP in a process of its own, as Lambda runs it: an event in, the response out.

    python -m tests.builders.request_process FUNCTION < event.json > response.json

It does nothing before it has read its event to the end.
"""

import asyncio
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from shared.http.lambda_function import HttpFunction
from tests.builders.deadly_proxy import Strike
from tests.builders.events import Event, LambdaContext

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


def ask_until_killed(name: str, event: Event, strike: Strike, environment: dict[str, str]) -> int:
    """Ask a function in a process that the strike may end; returns the process's exit status."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.builders.request_process", name],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    strike.process = process.pid
    process.communicate(json.dumps(event).encode(), timeout=PATIENCE_SECONDS)
    return process.returncode


def main() -> None:
    (name,) = sys.argv[1:]
    handler: HttpFunction[Any] = importlib.import_module(f"functions.{name}.handler").handler
    event = json.load(sys.stdin)
    asyncio.set_event_loop(asyncio.new_event_loop())
    json.dump(handler(event, LambdaContext(name, 60)), sys.stdout)


if __name__ == "__main__":
    main()
