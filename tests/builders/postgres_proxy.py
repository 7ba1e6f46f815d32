"""A TCP port before a Postgres that listens on a Unix socket, and that can fall silent."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit


class PostgresProxy:
    """Passes everything on, in a thread of its own, until it is silenced: then it swallows all it is sent.

    `url` is the server's with this port in place of the socket.
    """

    def __init__(self, url: str) -> None:
        self._socket = _socket_of(url)
        self._parts = urlsplit(url)
        self._is_silent = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]

    @property
    def url(self) -> str:
        return self.url_for("postgres")

    def url_for(self, user: str) -> str:
        place = f"{user}@127.0.0.1:{self.port}"
        return urlunsplit(self._parts._replace(netloc=place, query=""))

    def fall_silent(self) -> None:
        self._is_silent.set()

    def speak_again(self) -> None:
        """To connections that are new."""
        self._is_silent.clear()

    def lead_to(self, url: str) -> None:
        """Another server, for connections that are new."""
        self._socket = _socket_of(url)

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listening))
        self._loop.run_forever()
        serving.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(task)
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_writer = None
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(self._socket)
            await asyncio.gather(self._pass_on(reader, server_writer), self._pass_on(server_reader, writer))
        except OSError:
            # The server is away; whoever asked is hung up on.
            pass
        finally:
            writer.close()
            if server_writer is not None:
                server_writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while received := await reader.read(65536):
                if not self._is_silent.is_set():
                    writer.write(received)
                    await writer.drain()
        writer.close()


def _socket_of(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0]) / ".s.PGSQL.5432"


@contextlib.contextmanager
def postgres_proxy(url: str) -> Iterator[PostgresProxy]:
    """A proxy before the server of `url`, which is one of `tests.builders.postgres`."""
    proxy = PostgresProxy(url)
    thread = threading.Thread(target=proxy.run)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()
