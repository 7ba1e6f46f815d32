"""Servers that all commands in one folder share: the first starts them, the last one stops them."""

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.errors import ConcordError

_LOOK_EVERY_SECONDS = 1.0


@contextmanager
def shared_server(
    folder: Path, name: str, *, start: Callable[[], None], stop: Callable[[], None], keep: bool = False
) -> Iterator[bool]:
    """Use a server, calling `start` first and, when nobody else uses it any more, `stop` at the end.

    Yields whether nobody else used it before. `start` must do nothing when the server runs: somebody may
    have left without stopping it. Users are counted by locks, which the kernel releases when a process is
    killed, so a server outlives its last user only until the next one leaves. To `keep` it, `start` is
    called again and again: a server that dies while it is used comes back.
    """
    with (folder / f"{name}.users").open("w") as users:
        with _turn(folder, name):
            was_unused = _is_alone(users.fileno())
            fcntl.flock(users, fcntl.LOCK_SH)
            start()
        try:
            with _kept(folder, name, start if keep else None):
                yield was_unused
        finally:
            with _turn(folder, name):
                if _is_alone(users.fileno()):
                    stop()


@contextmanager
def _kept(folder: Path, name: str, start: Callable[[], None] | None) -> Iterator[None]:
    if start is None:
        yield
        return
    is_over = threading.Event()

    def keep() -> None:
        while not is_over.wait(_LOOK_EVERY_SECONDS):
            with _turn(folder, name), suppress(ConcordError):
                start()

    keeper = threading.Thread(target=keep, name=f"keeps-{name}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_over.set()
        keeper.join()


@contextmanager
def _turn(folder: Path, name: str) -> Iterator[None]:
    """Nobody else starts or stops the server meanwhile."""
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
