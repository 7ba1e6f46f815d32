"""Servers that speak TLS, in front of ones on a socket that do not."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

# What a client of PostgreSQL sends first that wants TLS: a length and a number (SSLRequest of its protocol).
_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
_NOTHING_MORE = (OSError, ssl.SSLError, asyncio.IncompleteReadError, RuntimeError)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(*_NOTHING_MORE):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    with suppress(*_NOTHING_MORE):
        writer.close()


@asynccontextmanager
async def tls_front(socket: Path, context: ssl.SSLContext, *, of_postgres: bool) -> AsyncIterator[int]:
    """The port where the server of that socket answers in TLS alone, with the certificate of `context`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*_NOTHING_MORE):
            if of_postgres:
                if await reader.readexactly(len(_SSL_REQUEST)) != _SSL_REQUEST:
                    writer.close()
                    return
                writer.write(b"S")
                await writer.start_tls(context)
            behind_reader, behind_writer = await asyncio.open_unix_connection(str(socket))
            await asyncio.gather(_pass_on(reader, behind_writer), _pass_on(behind_reader, writer))

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=None if of_postgres else context)
    try:
        port: int = listening.sockets[0].getsockname()[1]
        yield port
    finally:
        listening.close()
