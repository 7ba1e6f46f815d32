"""Units of work on real connections: whose they are, and what is left of those that fail."""

import asyncio

import pytest

from shared.cache.null import NullCache
from shared.database.connections import SingleConnection
from shared.database.statements import Statement
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.new_collections import CollectionChange
from shared.domain.principals import ADMIN
from shared.embeddings.protocol import Embedder
from shared.errors import DatabaseError, DatabaseUnavailable, NetworkCallInUnitOfWork
from shared.queues.null import NullQueue
from shared.services.update_collection import update_collection
from tests.builders.claims import CLAIMED, SLEEP, Claimed, Text, claimed, claimed_in, in_unit, pool, principal
from tests.builders.library import Library, settings_of

INSERT_COLLECTION = Statement(
    "insert_collection",
    "INSERT INTO concord.collection (name, language, space_id)"
    " VALUES (%(name)s, 'english', concord.open_embedding_space('model', 3))",
)
LIST_COLLECTIONS = Statement("list_collections", "SELECT name AS text FROM concord.collection ORDER BY name")
NONSENSE = Statement("nonsense", "SELECT 1 / 0 AS text")


async def collections(database: Database) -> list[str]:
    async with database.unit_of_work(ADMIN) as unit:
        return [row.text for row in await unit.rows(LIST_COLLECTIONS, Text)]


async def test_interleaved_units_see_no_claims_but_their_own(database_url: str) -> None:
    processes: set[int] = set()

    async def work(database: Database, number: int) -> None:
        name = f"principal-{number}"
        async with database.unit_of_work(principal(number)) as unit:
            first = await unit.start(CLAIMED, Claimed)
            for turn in range(5):
                await asyncio.sleep(0.001 * ((number * 7 + turn) % 5))
                seen = await claimed(unit)
                assert seen.principal == name
                processes.add(seen.process)
            assert [row.principal for row in await first.rows()] == [name]

    async with pool(database_url) as database:
        await asyncio.gather(*(work(database, number) for number in range(50)))
    assert 1 < len(processes) <= 8


async def test_one_connection_serves_units_in_turn(database: SingleConnection) -> None:
    async def work(number: int) -> Claimed:
        async with database.unit_of_work(principal(number)) as unit:
            await asyncio.sleep(0.001)
            return await claimed(unit)

    seen = await asyncio.gather(*(work(number) for number in range(10)))
    assert [row.principal for row in seen] == [f"principal-{number}" for number in range(10)]
    assert len({row.process for row in seen}) == 1


async def stumble(unit: UnitOfWork) -> None:
    await unit.send(INSERT_COLLECTION, name="a")
    raise ZeroDivisionError


async def insert_and_sleep(unit: UnitOfWork) -> None:
    await unit.send(INSERT_COLLECTION, name="a")
    await unit.rows(SLEEP, Text, seconds=20)


async def test_claims_and_limits_end_with_their_unit(database: SingleConnection) -> None:
    left = "SELECT current_setting('concord.principal', true), current_setting('statement_timeout')"
    await claimed_in(database, principal(1))
    connection = database._connection
    assert connection is not None
    assert await (await connection.execute(left)).fetchone() == ("", "0")
    with pytest.raises(ZeroDivisionError):
        await in_unit(database, stumble)
    assert await (await connection.execute(left)).fetchone() == ("", "0")


@pytest.mark.parametrize("kind", ["single", "pool"])
async def test_an_error_in_the_body_undoes_the_unit(
    database: SingleConnection, database_url: str, kind: str
) -> None:
    async with pool(database_url) as connections:
        tried: Database = connections if kind == "pool" else database
        with pytest.raises(ZeroDivisionError):
            await in_unit(tried, stumble)
        assert await collections(tried) == []
        async with tried.unit_of_work(ADMIN) as unit:
            await unit.send(INSERT_COLLECTION, name="b")
        assert await collections(tried) == ["b"]


@pytest.mark.parametrize("noticed", ["at the commit", "at a read"])
async def test_an_error_of_a_pipelined_statement_undoes_the_unit(
    database: SingleConnection, noticed: str
) -> None:
    async with database.unit_of_work(ADMIN) as unit:
        await unit.send(INSERT_COLLECTION, name="a")

    async def insert_again(unit: UnitOfWork) -> None:
        for model in ("b", "a", "c"):
            await unit.send(INSERT_COLLECTION, name=model)
        if noticed == "at a read":
            await unit.rows(LIST_COLLECTIONS, Text)

    with pytest.raises(DatabaseError) as refusal:
        await in_unit(database, insert_again)
    assert refusal.value.constraint == "collection_name_live_idx"
    assert refusal.value.sqlstate == "23505"
    assert "collection_name" not in refusal.value.message
    assert await collections(database) == ["a"]


async def test_a_refused_statement_without_a_constraint(database: SingleConnection) -> None:
    with pytest.raises(DatabaseError) as refusal:
        await in_unit(database, lambda unit: unit.rows(NONSENSE, Text))
    assert (refusal.value.constraint, refusal.value.sqlstate) == (None, "22012")
    assert refusal.value.message == "The database refused a statement (22012)."


async def test_a_statement_that_takes_too_long(database_url: str) -> None:
    database = SingleConnection(settings_of(database_url, database_statement_timeout_ms=100))
    process = (await claimed_in(database)).process
    with pytest.raises(DatabaseUnavailable):
        await in_unit(database, insert_and_sleep)
    assert await collections(database) == []
    assert (await claimed_in(database)).process == process
    await database.aclose()


@pytest.mark.parametrize("kind", ["single", "pool"])
async def test_a_cancelled_unit_leaves_nothing_behind(
    database: SingleConnection, database_url: str, kind: str
) -> None:
    async with pool(database_url, size=1) as connections:
        tried: Database = connections if kind == "pool" else database
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_unit(tried, insert_and_sleep), 0.2)
        assert await collections(tried) == []
        assert (await claimed_in(tried, principal(3))).principal == "principal-3"


@pytest.mark.parametrize("kind", ["single", "pool"])
async def test_a_unit_within_a_unit_is_refused(
    database: SingleConnection, database_url: str, kind: str
) -> None:
    async with pool(database_url) as connections:
        tried: Database = connections if kind == "pool" else database
        with pytest.raises(NetworkCallInUnitOfWork):
            await in_unit(tried, lambda _: claimed_in(tried))
        assert await collections(tried) == []


async def test_no_network_call_is_made_within_a_unit(database: SingleConnection, embedder: Embedder) -> None:
    async def insert_and_embed(unit: UnitOfWork) -> None:
        await unit.send(INSERT_COLLECTION, name="a")
        await embedder.embed(["text"])

    async def insert_and_queue(unit: UnitOfWork) -> None:
        await unit.send(INSERT_COLLECTION, name="a")
        await NullQueue().send([])

    for work in (insert_and_embed, insert_and_queue):
        with pytest.raises(NetworkCallInUnitOfWork):
            await in_unit(database, work)
    assert await collections(database) == []
    assert len(await embedder.embed(["text"])) == 1


async def test_renaming_to_what_postgres_cannot_store_is_an_error_of_ours(library: Library) -> None:
    with pytest.raises(DatabaseError) as raised:
        await update_collection(
            library.database, NullCache(), ADMIN, "library", CollectionChange(name="a\x00")
        )
    assert raised.value.constraint is None


async def test_what_an_aborted_unit_had_prepared_is_not_relied_on(database_url: str) -> None:
    """Whatever the driver believes of statements behind the one that failed: they were never prepared."""
    settings = settings_of(database_url, database_prepared_statements=True, database_statement_timeout_ms=100)
    database = SingleConnection(settings)

    async def send_too_much() -> None:
        async with database.unit_of_work(ADMIN) as unit:
            await unit.send(SLEEP, seconds=5)
            for _ in range(5):
                await unit.start(LIST_COLLECTIONS, Text)

    seen = await claimed_in(database, ADMIN)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await send_too_much()
        for _ in range(5):
            assert await collections(database) == []
    assert (await claimed_in(database, ADMIN)).process != seen.process
    await database.aclose()
