"""Servers whose roles a test may change."""

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.database.migrations import apply_migrations
from shared.database.roles import ROLES, set_up_roles
from tests.builders.postgres import temporary_database
from tests.builders.role_server import RoleServer, new_logins, role_server, url_for


@pytest.fixture(scope="package")
def server(postgres_version: int) -> Iterator[RoleServer]:
    """A server of these tests' own."""
    with role_server(postgres_version) as started:
        yield started


@pytest.fixture
async def migrated_url(server: RoleServer) -> AsyncIterator[str]:
    """The superuser's address of a migrated database, on a server that has had no roles before."""
    with server.without_roles(), temporary_database(server.url) as url:
        await apply_migrations(url)
        yield url


@pytest.fixture
async def role_urls(migrated_url: str) -> dict[str, str]:
    """The same database's address for each role."""
    logins = new_logins()
    assert await set_up_roles(migrated_url, logins) == tuple(sorted(ROLES))
    return {login.username: url_for(migrated_url, login) for login in logins}
