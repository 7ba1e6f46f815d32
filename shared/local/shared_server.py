"""Servers that all commands in one folder share: the first starts them, the last one stops them."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def shared_server(
    folder: Path, name: str, *, start: Callable[[], None], stop: Callable[[], None]
) -> Iterator[bool]:
    """Use a server, calling `start` first and, when nobody else uses it any more, `stop` at the end.

    Yields whether nobody else used it before. `start` must do nothing when the server runs: somebody may
    have left without stopping it. Users are counted by locks, which the kernel releases when a process is
    killed, so a server outlives its last user only until the next one leaves.
    """
    with (folder / f"{name}.users").open("w") as users:
        with _turn(folder, name):
            was_unused = _is_alone(users.fileno())
            fcntl.flock(users, fcntl.LOCK_SH)
            start()
        try:
            yield was_unused
        finally:
            with _turn(folder, name):
                if _is_alone(users.fileno()):
                    stop()


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
