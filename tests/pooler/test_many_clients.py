"""Many clients behind a PgBouncer that has few connections to the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import psycopg
import pytest

from shared.database.connections import open_connection
from shared.embeddings.protocol import Embedder
from shared.errors import DocumentNotFound
from tests.builders.documents import a_document
from tests.builders.library import Library, settings_of
from tests.builders.pooler import Pooler, pooler

CLIENTS = 200
NEW_CLIENTS = 500
SERVER_CONNECTIONS = 10
_SERVED = """
SELECT count(*) FROM pg_stat_activity WHERE application_name = 'concord' AND datname = current_database()
"""


@asynccontextmanager
async def clients_of(url: str, embedder: Embedder, count: int) -> AsyncIterator[list[Library]]:
    """As many environments of Lambda as `count`: each has one connection, opened when it is first needed."""
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(count):
            database = open_connection(settings_of(url))
            stack.push_async_callback(database.aclose)
            clients.append(Library(database, embedder))
        yield clients


@asynccontextmanager
async def watched(url: str) -> AsyncIterator[list[int]]:
    """How many connections Concord has on the server, asked again and again while the body runs."""
    seen: list[int] = []
    stopping = asyncio.Event()

    async def watch(connection: psycopg.AsyncConnection[tuple[int]]) -> None:
        while not stopping.is_set():
            row = await (await connection.execute(_SERVED)).fetchone()
            assert row is not None
            seen.append(row[0])
            await asyncio.sleep(0.02)

    async with await psycopg.AsyncConnection[tuple[int]].connect(url, autocommit=True) as connection:
        watching = asyncio.create_task(watch(connection))
        try:
            yield seen
        finally:
            stopping.set()
            await watching


async def _work(client: Library, number: int) -> None:
    """Store three documents, find them among the others', delete one of them."""
    own = [f"c{number}-{part}" for part in "abc"]
    bodies = dict.fromkeys(own, f"A harbour report by clerk{number}.")
    await client.upsert(*(a_document(id, body) for id, body in bodies.items()))  # noqa: A001 - as the field
    assert sorted(await client.find(f"clerk{number}", mode="keyword")) == own
    assert len(await client.find("harbour report", limit=10)) == 10
    await client.delete(own[1])
    with pytest.raises(DocumentNotFound):
        await client.get(own[1])
    assert sorted(await client.find(f"clerk{number}", mode="keyword")) == [own[0], own[2]]


async def _stored(url: str) -> set[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await (await connection.execute("SELECT id FROM concord.document")).fetchall()
    return {row[0] for row in rows}


async def test_many_clients_share_few_connections(direct_url: str, embedder: Embedder) -> None:
    with pooler(direct_url, pool_size=SERVER_CONNECTIONS, forgets=True) as through:
        async with clients_of(through.url, embedder, CLIENTS) as clients:
            await clients[0].create()
            async with watched(direct_url) as seen, asyncio.TaskGroup() as group:
                for number, client in enumerate(clients):
                    group.create_task(_work(client, number))
        assert max(seen) == SERVER_CONNECTIONS
    acknowledged = {f"c{number}-{part}" for number in range(CLIENTS) for part in "ac"}
    assert await _stored(direct_url) == acknowledged


async def test_a_storm_of_new_clients_reaches_the_server_as_its_pool(
    direct_url: str, embedder: Embedder
) -> None:
    with pooler(direct_url, pool_size=SERVER_CONNECTIONS) as through:
        async with clients_of(through.url, embedder, NEW_CLIENTS) as clients:
            await clients[0].create()
            async with watched(direct_url) as seen:
                counted = await asyncio.gather(*(client.count() for client in clients))
            assert len(counted) == NEW_CLIENTS
            assert _connected(through) == NEW_CLIENTS
        assert 1 < max(seen) <= SERVER_CONNECTIONS


def _connected(through: Pooler) -> int:
    return sum(row["database"] != "pgbouncer" for row in through.show("clients"))


async def test_clients_of_different_readers_never_see_each_others_claims(
    direct_url: str, embedder: Embedder
) -> None:
    claims = "SELECT current_setting('concord.principal', true), current_setting('role')"
    with pooler(direct_url, pool_size=1) as through:
        async with clients_of(through.url, embedder, 1) as (client,):
            await client.create()
            assert (await client.count()).documents == 0
            # The same connection to the server, as another client is given it.
            async with await psycopg.AsyncConnection.connect(through.url, prepare_threshold=None) as other:
                row = await (await other.execute(claims)).fetchone()
    assert row == ("", "none")
