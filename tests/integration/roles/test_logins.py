"""How the roles get their logins, and who may not give them any."""

import asyncio
import time

import psycopg
import pytest

from shared.config import ConfigurationError
from shared.database.logins import Login
from shared.database.migrations import apply_migrations
from shared.database.roles import APP, INGEST, MAINTENANCE, ROLES, SEARCH, set_up_roles
from shared.errors import MigrationError
from tests.builders.role_server import OTHER_ROLES, RoleServer, execute, new_logins, url_for

ATTRIBUTES = """
    SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolcanlogin, rolpassword IS NOT NULL
    FROM pg_authid WHERE rolname LIKE 'concord%' ORDER BY rolname
"""
MEMBERSHIPS = """
    SELECT m.rolname, r.rolname FROM pg_auth_members a
    JOIN pg_roles m ON m.oid = a.member JOIN pg_roles r ON r.oid = a.roleid
    WHERE m.rolname LIKE 'concord%' ORDER BY m.rolname, r.rolname
"""
SETTINGS = """
    SELECT current_setting('idle_in_transaction_session_timeout'),
           current_setting('default_transaction_read_only')
"""


def attributes(can_sign_in: bool, has_password: bool) -> list[tuple[object, ...]]:
    of_functions = [(role, False, False, False, False, can_sign_in, has_password) for role in ROLES]
    others = [(role, False, False, False, False, False, False) for role in OTHER_ROLES]
    return sorted([*of_functions, *others])


def wait_for_a_waiter(url: str) -> None:
    """Until some session of the server waits for a lock."""
    while not execute(url, "SELECT 1 FROM pg_locks WHERE NOT granted"):
        time.sleep(0.01)


def user_at(url: str) -> object:
    return execute(url, "SELECT current_user")[0][0]


def test_migrations_let_nobody_in(migrated_url: str) -> None:
    assert execute(migrated_url, ATTRIBUTES) == attributes(can_sign_in=False, has_password=False)
    assert execute(migrated_url, MEMBERSHIPS) == [(APP, role) for role in sorted(ROLES)]


async def test_a_login_lets_its_role_in_and_no_other(migrated_url: str) -> None:
    (ingest,) = new_logins(INGEST)
    assert await set_up_roles(migrated_url) == ()
    assert await set_up_roles(migrated_url, [ingest]) == (INGEST,)
    assert user_at(url_for(migrated_url, ingest)) == INGEST
    for refused in (Login(INGEST, "wrong"), Login(SEARCH, ingest.password)):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            user_at(url_for(migrated_url, refused))
    (search,) = new_logins(SEARCH)
    assert await set_up_roles(migrated_url, [search]) == (INGEST, SEARCH)
    assert user_at(url_for(migrated_url, ingest)) == INGEST


async def test_logins_are_set_up_as_often_as_one_likes(migrated_url: str) -> None:
    logins = new_logins()
    for _ in range(2):
        assert await set_up_roles(migrated_url, logins) == tuple(sorted(ROLES))
        assert execute(migrated_url, ATTRIBUTES) == attributes(can_sign_in=True, has_password=True)
    rotated = new_logins()
    await set_up_roles(migrated_url, rotated)
    for new, old in zip(rotated, logins, strict=True):
        assert user_at(url_for(migrated_url, new)) == new.username
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            user_at(url_for(migrated_url, old))


async def test_a_password_never_reaches_the_servers_log(server: RoleServer, migrated_url: str) -> None:
    (login,) = new_logins(SEARCH)
    await set_up_roles(migrated_url, [login])
    logged = server.log()
    assert f'ALTER ROLE "{SEARCH}" LOGIN PASSWORD \'SCRAM-SHA-256$' in logged
    assert login.password not in logged


async def test_sessions_end_what_a_stopped_function_leaves(role_urls: dict[str, str]) -> None:
    assert {role: execute(url, SETTINGS) for role, url in role_urls.items()} == {
        SEARCH: [("1min", "on")],
        INGEST: [("1min", "off")],
        MAINTENANCE: [("1min", "off")],
    }


async def test_roles_get_into_a_database_that_is_closed_to_everybody(migrated_url: str) -> None:
    name = migrated_url.partition("?")[0].rpartition("/")[2]
    execute(
        migrated_url, f"REVOKE ALL ON DATABASE {name} FROM PUBLIC", "REVOKE ALL ON SCHEMA public FROM PUBLIC"
    )
    execute(migrated_url, "SELECT concord.set_up_roles()")
    logins = new_logins()
    await set_up_roles(migrated_url, logins)
    for login in logins:
        assert execute(url_for(migrated_url, login), "SELECT '[1]'::halfvec::text") == [("[1]",)]


@pytest.mark.parametrize(
    ("logins", "with_iam", "told"),
    [
        (
            [Login("postgres", "x")],
            False,
            "for the user postgres, which is none of the roles concord_search, ",
        ),
        ([Login("", "x")], False, "none of the roles"),
        ([Login(SEARCH, "x"), Login(SEARCH, "y")], False, "two of the secrets are for the same user"),
        ([Login(SEARCH, "x")], True, "DATABASE_IAM_ROLES and DATABASE_ROLE_SECRET_ARNS exclude each other"),
    ],
)
async def test_impossible_logins_change_nothing(
    migrated_url: str, logins: list[Login], with_iam: bool, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told) as raised:
        await set_up_roles(migrated_url, [*new_logins(INGEST), *logins], with_iam=with_iam)
    assert "'x'" not in str(raised.value)
    assert execute(migrated_url, ATTRIBUTES) == attributes(can_sign_in=False, has_password=False)


async def test_iam_authentication_replaces_passwords(migrated_url: str) -> None:
    execute(migrated_url, "CREATE ROLE rds_iam")
    members = [(role, "rds_iam") for role in sorted(ROLES)]
    await set_up_roles(migrated_url, new_logins())
    for _ in range(2):
        assert await set_up_roles(migrated_url, with_iam=True) == tuple(sorted(ROLES))
        assert execute(migrated_url, ATTRIBUTES) == attributes(can_sign_in=True, has_password=False)
        assert execute(migrated_url, MEMBERSHIPS) == sorted([*members, *((APP, role) for role in ROLES)])
    logins = new_logins()
    await set_up_roles(migrated_url, logins)
    assert execute(migrated_url, MEMBERSHIPS) == [(APP, role) for role in sorted(ROLES)]
    assert user_at(url_for(migrated_url, logins[0])) == logins[0].username


async def test_iam_authentication_needs_rds(migrated_url: str) -> None:
    with pytest.raises(MigrationError, match="has no role rds_iam, so it is not RDS or Aurora"):
        await set_up_roles(migrated_url, with_iam=True)
    assert execute(migrated_url, ATTRIBUTES) == attributes(can_sign_in=False, has_password=False)


async def test_who_may_not_create_roles_cannot_let_them_in(server: RoleServer) -> None:
    with server.without_roles(), server.owned_database("vector") as owner_url:
        await apply_migrations(owner_url)
        assert await set_up_roles(owner_url) == ()
        with pytest.raises(
            MigrationError, match="There is no role concord_ingest, and owner may not create it"
        ):
            await set_up_roles(owner_url, new_logins(INGEST))
        # Somebody else creates them; their grants are the owner's to give.
        execute(server.url, *(f"CREATE ROLE {role} LOGIN PASSWORD 'given'" for role in ROLES))
        assert await set_up_roles(owner_url) == tuple(sorted(ROLES))
        url = owner_url.partition("@")[2]
        assert execute(f"postgresql://{SEARCH}:given@{url}", "SELECT count(*) FROM concord.document") == [
            (0,)
        ]
        with pytest.raises(
            MigrationError, match=r"owner may not let the roles .* sign in: it needs CREATEROLE"
        ):
            await set_up_roles(owner_url, new_logins(SEARCH))


async def test_roles_that_another_user_has_made_are_his(server: RoleServer) -> None:
    """PostgreSQL lets nobody alter them without ADMIN OPTION, CREATEROLE or not."""
    with server.without_roles(), server.owned_database("vector", attributes="CREATEROLE") as owner_url:
        execute(server.url, *(f"CREATE ROLE {role}" for role in ROLES))
        await apply_migrations(owner_url)
        with pytest.raises(MigrationError, match="ADMIN OPTION on those that another user has made"):
            await set_up_roles(owner_url, new_logins())
        execute(server.url, *(f"GRANT {role} TO owner WITH ADMIN OPTION" for role in ROLES))
        assert await set_up_roles(owner_url, new_logins()) == tuple(sorted(ROLES))


async def test_who_may_create_roles_need_not_be_superuser(server: RoleServer) -> None:
    with server.without_roles(), server.owned_database("vector", attributes="CREATEROLE") as owner_url:
        await apply_migrations(owner_url)
        logins = new_logins()
        assert await set_up_roles(owner_url, logins) == tuple(sorted(ROLES))
        url = owner_url.partition("@")[2]
        for login in logins:
            assert user_at(f"postgresql://{login.username}:{login.password}@{url}") == login.username


@pytest.mark.parametrize(
    ("alteration", "refusal"),
    [
        ("PASSWORD NULL", "tuple concurrently updated"),
        ("SET work_mem = '5MB'", "duplicate key value violates unique constraint"),
    ],
)
async def test_databases_of_one_server_take_turns(
    server: RoleServer, migrated_url: str, alteration: str, refusal: str
) -> None:
    """Their locks know nothing of each other: of two that alter a role at once one fails, and tries again."""
    (login,) = new_logins(SEARCH)
    logged_before = len(server.log())
    async with await psycopg.AsyncConnection.connect(server.url) as other:
        await other.execute(f"ALTER ROLE {SEARCH} {alteration}".encode())
        waiting = asyncio.create_task(set_up_roles(migrated_url, [login]))
        await asyncio.to_thread(wait_for_a_waiter, server.url)
        await other.commit()
        assert await waiting == (SEARCH,)
    assert user_at(url_for(migrated_url, login)) == SEARCH
    assert f"ERROR:  {refusal}" in server.log()[logged_before:]


async def test_an_internal_error_that_lasts_is_told(migrated_url: str) -> None:
    execute(
        migrated_url,
        f"REVOKE USAGE ON SCHEMA concord FROM {SEARCH}",
        "CREATE OR REPLACE FUNCTION concord.set_up_roles() RETURNS void LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'it is broken' USING ERRCODE = 'XX000'; END $$",
    )
    with pytest.raises(MigrationError, match="The database refused: it is broken"):
        await set_up_roles(migrated_url)


async def test_a_restore_may_lose_roles_and_grants(migrated_url: str) -> None:
    execute(migrated_url, *(f"DROP OWNED BY {role}" for role in ROLES), f"DROP ROLE {SEARCH}")
    logins = new_logins()
    assert await set_up_roles(migrated_url, logins) == tuple(sorted(ROLES))
    count = "SELECT count(*) FROM concord.document"
    for login in logins:
        assert execute(url_for(migrated_url, login), count) == [(0,)]
