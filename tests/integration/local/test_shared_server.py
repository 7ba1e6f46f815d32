import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from shared.local.shared_server import shared_server

HOLDS_AND_WAITS = """
import sys, time
from pathlib import Path
from shared.local.shared_server import shared_server
with shared_server(Path(sys.argv[1]), "thing", start=lambda: None, stop=lambda: None):
    print("holding", flush=True)
    time.sleep(60)
"""


class Server:
    """Counts what is asked of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.starts = 0
        self.stops = 0

    def used(self) -> AbstractContextManager[bool]:
        return shared_server(self._folder, "thing", start=self._start, stop=self._stop)

    def _start(self) -> None:
        self.starts += 1

    def _stop(self) -> None:
        self.stops += 1


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


@contextmanager
def another_process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_AND_WAITS, str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_last_user_stops_the_server(server: Server) -> None:
    with server.used() as first:
        with server.used() as second:
            assert server.stops == 0
            assert (first, second) == (True, False)
        assert server.stops == 0
    assert (server.starts, server.stops) == (2, 1)


def test_a_server_that_did_not_start_has_no_user(tmp_path: Path, server: Server) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    with (
        pytest.raises(RuntimeError, match="no"),
        shared_server(tmp_path, "thing", start=fail, stop=lambda: None),
    ):
        pass
    with server.used():
        pass
    assert server.stops == 1


def test_another_process_keeps_the_server(tmp_path: Path, server: Server) -> None:
    with another_process(tmp_path):
        with server.used():
            pass
        assert server.stops == 0


def test_a_killed_process_is_no_user(tmp_path: Path, server: Server) -> None:
    with another_process(tmp_path) as process, server.used():
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert server.stops == 1
