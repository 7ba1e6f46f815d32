"""Clients that speak HTTP over a socket each, and no more than they must: they share the server's machine."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

_HEAD_ENDS = b"\r\n\r\n"
_LENGTH = b"content-length: "


def request(method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
    """The bytes of an HTTP request."""
    sent = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(sent)}\r\n\r\n".encode() + sent


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, its kind, and whom to tell of its answer."""

    kind: str
    sent: bytes
    answered: Callable[[int, bytes], None] | None = None


@dataclass(slots=True)
class Load:
    """What came of it: milliseconds of each answer by kind, errors by what they were, cache hits."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    seconds: float = 0.0

    @property
    def answers(self) -> int:
        return sum(map(len, self.milliseconds.values()))

    def all_milliseconds(self) -> list[float]:
        return [time for times in self.milliseconds.values() for time in times]


class _Client(asyncio.Protocol):
    """Asks for one thing after the other, over one connection, until the time or the list is over."""

    def __init__(self, asked: Iterator[Asked], load: Load, until: float) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked = asked
        self._load = load
        self._until = until
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_HEAD_ENDS)
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        # An answer without content does not say how long it is.
        length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0] or 0)
        whole = end + len(_HEAD_ENDS) + length
        if len(self._received) >= whole:
            self._note(head, bytes(self._received[end + len(_HEAD_ENDS) : whole]))
            self._received.clear()
            self._ask()

    def connection_lost(self, _cause: Exception | None) -> None:
        if not self.done.done():
            self._load.errors["hung up"] += 1
            self.done.set_result(None)

    def _ask(self) -> None:
        self._began = time.perf_counter()
        asked = None if self._began >= self._until else next(self._asked, None)
        if asked is None:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._now = asked
            self._transport.write(asked.sent)

    def _note(self, head: bytes, body: bytes) -> None:
        status = int(head.split(b" ", 2)[1])
        if status >= 400:
            self._load.errors[f"{self._now.kind}: {status}"] += 1
            return
        took = (time.perf_counter() - self._began) * 1000
        self._load.milliseconds.setdefault(self._now.kind, []).append(took)
        self._load.hits += b"x-cache: hit" in head
        if self._now.answered is not None:
            self._now.answered(status, body)


async def load(address: str, clients: list[Iterator[Asked]], seconds: float) -> Load:
    """Let every client ask for so long, all at the same time."""
    place = urlsplit(address)
    assert place.hostname
    assert place.port
    loop, made = asyncio.get_running_loop(), Load()
    started = time.perf_counter()
    asking = [_Client(asked, made, started + seconds) for asked in clients]
    await asyncio.gather(
        *(loop.create_connection(partial(_itself, client), place.hostname, place.port) for client in asking)
    )
    await asyncio.gather(*(client.done for client in asking))
    made.seconds = time.perf_counter() - started
    return made


def _itself(client: _Client) -> _Client:
    return client
