"""The migration that makes the roles, on servers that have them, lack them, or are used by others at once."""

import asyncio
import shutil
from pathlib import Path

from shared.database.connections import open_connection
from shared.database.migration_files import MIGRATIONS_FOLDER, read_migrations
from shared.database.migrations import apply_migrations
from shared.database.roles import ROLES, SEARCH
from shared.embeddings.protocol import Embedder
from tests.builders.documents import a_document
from tests.builders.library import Library, settings_of
from tests.builders.postgres import temporary_database
from tests.builders.role_server import OTHER_ROLES, RoleServer, execute

NAMES = tuple(migration.name for migration in read_migrations(MIGRATIONS_FOLDER))
BEFORE_ROLES = NAMES[:1]
FIND_ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'concord%' ORDER BY rolname"
MAY_READ = "SELECT has_table_privilege('concord_search', 'concord.document', 'SELECT')"


async def test_another_database_of_the_server_has_made_the_roles(server: RoleServer) -> None:
    with (
        server.without_roles(),
        temporary_database(server.url) as first,
        temporary_database(server.url) as second,
    ):
        assert (await apply_migrations(first)).applied == NAMES
        assert (await apply_migrations(second)).applied == NAMES
        assert execute(first, MAY_READ) == execute(second, MAY_READ) == [(True,)]


async def test_databases_of_one_server_migrate_at_once(server: RoleServer) -> None:
    with (
        server.without_roles(),
        temporary_database(server.url) as first,
        temporary_database(server.url) as second,
    ):
        for _ in range(2):
            reports = await asyncio.gather(*(apply_migrations(url) for url in (first, second, first, second)))
            assert {report.missing for report in reports} == {()}
        assert execute(server.url, FIND_ROLES) == [(role,) for role in sorted([*ROLES, *OTHER_ROLES])]
        assert execute(first, MAY_READ) == execute(second, MAY_READ) == [(True,)]


async def test_one_database_waits_for_the_roles_of_another(server: RoleServer) -> None:
    """CREATE ROLE of a role that somebody is just creating waits, and then finds it."""
    with server.without_roles(), temporary_database(server.url) as url:
        logged_before = len(server.log())
        creating = asyncio.create_task(
            asyncio.to_thread(
                execute, server.url, f"DO $$ BEGIN CREATE ROLE {SEARCH}; PERFORM pg_sleep(1); END $$"
            )
        )
        await asyncio.sleep(0.3)
        assert (await apply_migrations(url)).applied == NAMES
        await creating
        assert execute(url, MAY_READ) == [(True,)]
        assert "duplicate key value" not in server.log()[logged_before:]


async def test_an_owner_who_may_not_create_roles_migrates(server: RoleServer) -> None:
    with server.without_roles(), server.owned_database("vector") as url:
        logged_before = len(server.log())
        assert (await apply_migrations(url)).applied == NAMES
        assert execute(server.url, FIND_ROLES) == []
        assert "permission denied" not in server.log()[logged_before:]
        execute(server.url, f"CREATE ROLE {SEARCH}")
        execute(url, "SELECT concord.set_up_roles()")
        assert execute(url, MAY_READ) == [(True,)]


async def test_who_signs_in_as_the_owner_works_on_when_roles_come(
    server: RoleServer, embedder: Embedder
) -> None:
    """Collections stay what they were."""
    with server.without_roles(), server.owned_database("vector") as url:
        await apply_migrations(url)
        database = open_connection(settings_of(url))
        library = Library(database, embedder)
        await library.create()
        await library.upsert(a_document("river", "A river."))
        await library.embed()
        execute(server.url, *(f"CREATE ROLE {role}" for role in ROLES))
        execute(url, "SELECT concord.set_up_roles()")
        assert execute(url, MAY_READ) == [(True,)]
        await library.upsert(a_document("hill", "A hill."))
        another = Library(database, embedder, "another")
        await another.create()
        await library.embed()
        assert (await library.maintain()).complete
        assert await library.find("a stream", mode="semantic", limit=1) == ["river"]
        execute(url, "SELECT concord.index_embedding_space(concord.open_embedding_space('more', 3))")
        await database.aclose()


async def test_users_that_were_let_in_by_hand_keep_the_functions(server: RoleServer, tmp_path: Path) -> None:
    for name in BEFORE_ROLES:
        shutil.copytree(MIGRATIONS_FOLDER / name, tmp_path / name)
    with server.without_roles(), temporary_database(server.url) as url:
        await apply_migrations(url, tmp_path)
        execute(
            url, 'CREATE ROLE "by hand"', "CREATE ROLE stranger", 'GRANT USAGE ON SCHEMA concord TO "by hand"'
        )
        await apply_migrations(url)
        may_call = (
            "SELECT has_function_privilege('{}', oid, 'EXECUTE') FROM pg_proc WHERE proname = 'analyze'"
        )
        assert execute(url, may_call.format("by hand")) == [(True,)]
        assert execute(url, may_call.format("stranger")) == [(False,)]
        execute(url, 'DROP OWNED BY "by hand"', 'DROP ROLE "by hand"', "DROP ROLE stranger")
