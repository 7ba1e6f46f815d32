"""Fixtures of tests behind PgBouncer."""

from collections.abc import AsyncIterator

import pytest

from tests.builders.pooler import PoolerMissingError, pooler_program
from tests.builders.postgres import NEWEST_VERSION, PostgresServers, temporary_database
from tests.builders.skipping import skip_but_not_on_ci


@pytest.fixture(autouse=True, scope="session")
def _program() -> None:
    try:
        pooler_program()
    except PoolerMissingError as reason:
        skip_but_not_on_ci(reason)


@pytest.fixture
async def direct_url(postgres_servers: PostgresServers) -> AsyncIterator[str]:
    """The URL of a migrated database without rows, past any pooler."""
    template = await postgres_servers.migrated_template(NEWEST_VERSION)
    with temporary_database(postgres_servers.url(NEWEST_VERSION), template=template) as url:
        yield url
