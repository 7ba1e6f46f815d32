"""What an app's own user may do who has been granted `concord_writer`: write documents, and nothing else."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import TupleRow

from shared.database.connections import open_connection
from shared.database.logins import Login
from shared.database.roles import WRITER, set_up_roles
from shared.embeddings.protocol import Embedder
from tests.builders.library import Library, settings_of
from tests.builders.role_server import RoleServer, execute, new_logins, url_for
from tests.integration.roles.test_permissions import (
    BY_LETTER,
    FUNCTIONS,
    TABLES,
    column_of,
    is_permitted,
    signed_in,
)

APP = "app"


@pytest.fixture
async def library(migrated_url: str, embedder: Embedder) -> AsyncIterator[Library]:
    database = open_connection(settings_of(migrated_url))
    created = Library(database, embedder)
    await created.create()
    yield created
    await database.aclose()


@pytest.fixture
def app(server: RoleServer, migrated_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A session of an app's user, who is no more than a member of the role."""
    (login,) = new_logins(APP)
    execute(server.url, f"CREATE ROLE {APP} LOGIN PASSWORD '{login.password}' IN ROLE {WRITER}")
    with signed_in(url_for(migrated_url, Login(APP, login.password))) as connection:
        yield connection
    execute(migrated_url, f"DROP OWNED BY {APP}", f"DROP ROLE {APP}")


async def test_the_app_writes_documents_in_its_transactions(
    app: psycopg.Connection[TupleRow], library: Library
) -> None:
    app.execute("SELECT concord.upsert_document('library', 'river', 'River', 'A river runs by.')")
    app.execute("SELECT concord.upsert_document('library', 'hill', 'Hill', 'A hill by the road.')")
    app.commit()
    assert await library.find("river", mode="keyword") == ["river"]
    assert app.execute("SELECT concord.delete_document('library', 'river')").fetchone() == (True,)
    app.commit()
    assert await library.find("river", mode="keyword") == []


@pytest.mark.usefixtures("library")
def test_the_app_may_do_nothing_else(app: psycopg.Connection[TupleRow], migrated_url: str) -> None:
    assert {call for call in FUNCTIONS if is_permitted(app, call)} == {
        "SELECT concord.upsert_document('library', 'a', 'title', 'body')",
        "SELECT concord.delete_document('library', 'a')",
    }
    assert [
        statement
        for table in TABLES
        for statement in BY_LETTER.values()
        if is_permitted(app, statement.format(table=table, column=column_of(migrated_url, table)))
    ] == []


@pytest.mark.usefixtures("library")
def test_objects_of_the_app_take_no_part_in_it(app: psycopg.Connection[TupleRow], migrated_url: str) -> None:
    """The function runs with its owner's rights: none of its names may lead to something of the caller's."""
    app.execute("CREATE TEMPORARY TABLE document (collection_id int, id text)")
    app.execute("CREATE FUNCTION pg_temp.hashtext(text) RETURNS int LANGUAGE sql AS 'SELECT 1/0'")
    app.execute("SET search_path = pg_temp, pg_catalog")
    app.execute("SELECT concord.upsert_document('library', 'river', 'River', 'A river runs by.')")
    app.commit()
    assert execute(migrated_url, "SELECT id FROM concord.document") == [("river",)]


async def test_nobody_signs_in_as_the_role(migrated_url: str) -> None:
    assert WRITER not in await set_up_roles(migrated_url, new_logins())
    assert execute(migrated_url, f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{WRITER}'") == [(False,)]


async def test_a_role_that_was_lost_comes_back(server: RoleServer, migrated_url: str) -> None:
    execute(migrated_url, f"DROP OWNED BY {WRITER}", f"DROP ROLE {WRITER}")
    await set_up_roles(migrated_url)
    (login,) = new_logins(APP)
    execute(server.url, f"CREATE ROLE {APP} LOGIN PASSWORD '{login.password}' IN ROLE {WRITER}")
    with signed_in(url_for(migrated_url, login)) as connection:
        with pytest.raises(errors.UndefinedObject, match="there is no collection 'library'"):
            connection.execute("SELECT concord.delete_document('library', 'a')")
        connection.rollback()
    execute(server.url, f"DROP ROLE {APP}")
