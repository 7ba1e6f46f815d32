"""Fixtures of the tests on real servers."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.database.connections import SingleConnection, open_connection
from shared.embeddings.protocol import Embedder
from tests.builders.library import Library, settings_of
from tests.builders.postgres import VERSIONS
from tests.builders.redis import RedisServer


@pytest.fixture(params=VERSIONS, scope="session", ids=lambda version: f"postgres{version}")
def postgres_version(request: pytest.FixtureRequest) -> int:
    """Every supported PostgreSQL in turn."""
    version: int = request.param
    return version


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of this test session; tests keep apart by their keys."""
    with RedisServer() as server:
        yield server.url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[SingleConnection]:
    """What a deployed function has: one connection to a migrated database of the test's own."""
    connection = open_connection(settings_of(database_url))
    yield connection
    await connection.aclose()


@pytest.fixture
def app(database_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A session of a team's own app, beside Concord's; what it does not commit is rolled back."""
    with psycopg.connect(database_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
async def library(database: SingleConnection, embedder: Embedder) -> Library:
    """An empty collection."""
    created = Library(database, embedder)
    await created.create()
    return created
