"""Tells a laptop's worker which objects were stored in a folder, as S3 tells functions."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# A key and how many bytes the object has; called in the thread that stored it.
type OnArrival = Callable[[str, int], None]

_listeners: dict[Path, list[OnArrival]] = {}
_lock = threading.Lock()


def announce(root: Path, key: str, size: int) -> None:
    """Tell those of this process who listen to that folder."""
    with _lock:
        listeners = list(_listeners.get(root, ()))
    for listener in listeners:
        listener(key, size)


@contextmanager
def listening(root: Path, on_arrival: OnArrival) -> Iterator[None]:
    with _lock:
        _listeners.setdefault(root, []).append(on_arrival)
    try:
        yield
    finally:
        with _lock:
            _listeners[root].remove(on_arrival)
