"""A proxy that makes a server's answers late by a chosen time."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path


class SlowProxy:
    """Stands before a server on a Unix socket. `delay_seconds` may be changed at any time."""

    def __init__(self, url: str, server: Path) -> None:
        self.url = url
        self.delay_seconds = 0.0
        self._server = server

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._server)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, server_writer, delayed=False))
                group.create_task(self._pass_on(server_reader, writer, delayed=True))
        finally:
            server_writer.close()
            writer.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, delayed: bool
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while received := await reader.read(65536):
                if delayed:
                    await asyncio.sleep(self.delay_seconds)
                writer.write(received)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def slow_proxy(server: Path) -> AsyncIterator[SlowProxy]:
    """A proxy before the Redis that listens on the socket `server`."""
    with tempfile.TemporaryDirectory(prefix="concord-proxy-") as folder:
        path = Path(folder) / "proxy.sock"
        proxy = SlowProxy(f"unix://{path}?db=0", server)
        listening = await asyncio.start_unix_server(proxy.serve, path)
        yield proxy
        listening.close()
