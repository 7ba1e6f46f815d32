"""A proxy that ends a process in the middle of what it says to a server, at a step of the test's choice."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit


@dataclass
class Strike:
    """When to kill whom: at the `step`-th thing that is said, or the first one with the `marker` in it.

    An `answered` one reaches the server, whose answer reaches nobody; any other is never heard.
    """

    answered: bool
    step: int = 0
    marker: bytes = b""
    process: int = 0
    said: int = field(default=0, init=False)
    struck: bool = field(default=False, init=False)

    def hits(self, data: bytes, *, begins: bool) -> bool:
        """Whether it is time; `begins` is true of what is said first after an answer."""
        self.said += begins
        return not self.struck and (self.said == self.step or bool(self.marker and self.marker in data))

    def kill(self) -> None:
        self.struck = True
        os.kill(self.process, signal.SIGKILL)


class DeadlyProxy:
    """Listens on `port`, in a thread of its own, before a server on a Unix socket or on a port."""

    def __init__(self, server: Path | int, strike: Strike) -> None:
        self._server = server
        self._strike = strike
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = listening.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        listening.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(self._server, int):
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server)
        else:
            server_reader, server_writer = await asyncio.open_unix_connection(self._server)
        talk = _Talk(self._strike)
        with contextlib.suppress(ConnectionError):
            async with asyncio.TaskGroup() as group:
                group.create_task(talk.say(reader, server_writer))
                group.create_task(talk.answer(server_reader, writer))
        server_writer.close()
        writer.close()


class _Talk:
    """What passes over one connection."""

    def __init__(self, strike: Strike) -> None:
        self._strike = strike
        self._begins = True
        self._is_last = False

    async def say(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while said := await reader.read(1_000_000):
            if self._strike.hits(said, begins=self._begins):
                if not self._strike.answered:
                    self._strike.kill()
                    break
                self._is_last = True
            self._begins = False
            server.write(said)
            await server.drain()
        server.close()

    async def answer(self, server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answered := await server.read(1_000_000):
            if self._is_last:
                self._strike.kill()
                break
            self._begins = True
            writer.write(answered)
            await writer.drain()
        writer.close()


@contextlib.contextmanager
def deadly_postgres(database_url: str, strike: Strike) -> Iterator[str]:
    """The URL of a database behind a proxy; `database_url` leads to its socket."""
    parts = urlsplit(database_url)
    socket = Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432"
    with DeadlyProxy(socket, strike) as proxy:
        yield f"postgresql://postgres@127.0.0.1:{proxy.port}{parts.path}?sslmode=disable&gssencmode=disable"
