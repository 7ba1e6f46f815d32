"""The command `concord`: in this process, and as one of its own."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from typer.testing import CliRunner

from shared.cli.application import app

CONCORD = Path(sys.executable).with_name("concord")
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code, what it printed and what it said."""

    code: int
    out: str
    said: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def concord(*arguments: str, stdin: bytes | None = None) -> Outcome:
    """Run a command in this process and the current folder."""
    result = CliRunner().invoke(app, arguments, input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def concord_apart(*arguments: str, folder: Path) -> Outcome:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [CONCORD, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@contextmanager
def serving(*arguments: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A command that serves, in a process of its own, with its address once it answers.

    At the end it gets a SIGTERM, unless it has ended before.
    """
    process = subprocess.Popen([CONCORD, *arguments], cwd=folder, stderr=subprocess.PIPE, text=True)
    # Whose log nobody reads stands still when the pipe is full.
    reading = threading.Thread(target=deque, args=(process.stderr, 0))
    try:
        address = _announced_address(process)
        reading.start()
        _wait_for_health(address)
        yield address, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        if reading.is_alive():
            reading.join(timeout=PATIENCE_SECONDS)
        process.communicate(timeout=PATIENCE_SECONDS)


def _announced_address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "Concord answers on " in line:
            return line.split("Concord answers on ")[1].split()[0].rstrip(",.")
    raise AssertionError(f"It did not start: {''.join(said)}")


def _wait_for_health(address: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            assert httpx.get(f"{address}/health").json() == {"status": "ok"}
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"{address} does not answer"
            time.sleep(0.05)
        else:
            return


def wait_until_embedded(address: str, collection: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    headers = {"cache-control": "no-cache"}
    while httpx.get(f"{address}/v1/collections/{collection}", headers=headers).json()["pending"]:
        assert time.monotonic() < deadline, "nobody embeds"
        time.sleep(0.05)


def servers_of(folder: Path) -> list[str]:
    """The names of the Postgres and Redis processes whose data or sockets are in `folder`."""
    return sorted(
        process.info["name"]
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] in {"postgres", "redis-server"}
        and _mentions(process.info["cmdline"] or [], folder)
    )


def _mentions(command: Sequence[str], folder: Path) -> bool:
    return any(str(folder) in part for part in command)
