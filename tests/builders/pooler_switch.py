"""A Postgres socket behind which Concord's own connections go through PgBouncer, and others do not."""

import asyncio
import contextlib
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from tests.builders.pooler import pooler
from tests.builders.postgres import folder_for_servers

# What connections of `shared.database.connecting` call themselves, and those of owners and of tests do not.
_POOLED = b"application_name\0concord\0"
_SOCKET = ".s.PGSQL.5432"
_CANCEL = 80877102


class PoolerSwitch:
    """Passes connections on, in a thread of its own, to pooler or server, as their first words say."""

    def __init__(self, listening: Path, pooled: Path, direct: Path) -> None:
        self._listening = listening
        self._pooled = pooled
        self._direct = direct
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()

    def start(self) -> None:
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = self._loop.run_until_complete(asyncio.start_unix_server(self._serve, self._listening))
        self._started.set()
        self._loop.run_forever()
        serving.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(task)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled when the run ends: the streams' own callback stumbles over a task that says so.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            first = await _first_words(reader)
            (code,) = struct.unpack("!I", first[4:8])
            if code == _CANCEL:
                # Whoever gave out the key knows what is to be cancelled.
                await asyncio.gather(*(_tell(place, first) for place in (self._pooled, self._direct)))
            else:
                leads_to = self._pooled if _POOLED in first else self._direct
                there, back = await asyncio.open_unix_connection(leads_to)
                back.write(first)
                await asyncio.gather(_copy(reader, back), _copy(there, writer))
        writer.close()


async def _first_words(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    (length,) = struct.unpack("!I", head)
    return head + await reader.readexactly(length - 4)


async def _tell(place: Path, message: bytes) -> None:
    there, back = await asyncio.open_unix_connection(place)
    back.write(message)
    # Both hang up once they have done what they can.
    await there.read()
    back.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while received := await reader.read(65536):
            writer.write(received)
            await writer.drain()
    writer.close()


@contextlib.contextmanager
def switched(server_url: str, *, auth_type: str = "trust") -> Iterator[str]:
    """The URL of a socket before the server, to which Concord's own connections come through PgBouncer.

    Migrations and the other statements of an owner need sessions (Prisma's lock is one's), and so may a
    test's own statements: these go past it.
    """
    with (
        pooler(server_url, forgets=True, auth_type=auth_type) as started,
        folder_for_servers() as name,
    ):
        direct = Path(parse_qs(urlsplit(server_url).query)["host"][0]) / _SOCKET
        switch = PoolerSwitch(Path(name) / _SOCKET, started.socket, direct)
        switch.start()
        try:
            yield urlunsplit(urlsplit(server_url)._replace(query=f"host={quote(name)}"))
        finally:
            switch.stop()
