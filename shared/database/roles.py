"""The roles that functions sign in as, one per kind of function: made by the migrations, let in here."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from shared.config import ConfigurationError
from shared.database.logins import Login
from shared.database.owner_connections import (
    OwnerConnection,
    owner_connection,
    server_message,
    take_migration_lock,
)
from shared.errors import MigrationError

SEARCH, INGEST, MAINTENANCE = ROLES = ("concord_search", "concord_ingest", "concord_maintenance")
# Granted to an app's own users, who sign in as themselves, to write documents in their transactions.
WRITER = "concord_writer"
# Owns the functions and views that see every row; and what a login becomes that no policy binds.
INDEX, APP = "concord_index", "concord_app"
# Roles belong to the server: the migrations of its other databases may be altering the same ones.
_ATTEMPTS = 5
_PAUSE_SECONDS = 0.2

# Since the migration a restore may have lost roles, which the server has, or grants, which the database has.
_MEND: LiteralString = """
SELECT concord.set_up_roles() WHERE EXISTS (
    SELECT FROM unnest(%s::text[]) AS wanted (name) LEFT JOIN pg_roles r ON r.rolname = wanted.name
    WHERE r.oid IS NULL OR NOT has_schema_privilege(r.oid, 'concord', 'USAGE'))
"""
_FIND: LiteralString = """
SELECT rolname AS name, rolcanlogin AS can_sign_in,
       has_database_privilege(oid, current_database(), 'CONNECT') AS can_connect,
       EXISTS (
           SELECT FROM pg_auth_members WHERE member = r.oid AND roleid = to_regrole('rds_iam')
       ) AS uses_iam
FROM pg_roles r WHERE rolname = ANY(%s) ORDER BY rolname
"""


@dataclass(frozen=True, slots=True)
class _Role:
    name: str
    can_sign_in: bool
    can_connect: bool
    uses_iam: bool


async def set_up_roles(url: str, logins: Sequence[Login] = (), *, with_iam: bool = False) -> tuple[str, ...]:
    """Mend the roles and their grants, let them sign in, and return the names of those that may.

    Those of `logins` may with their passwords; `with_iam` all may with IAM authentication, and none with a
    password. To be called after the migrations, as often as one likes. Raises ConfigurationError for logins
    that cannot be, before anything is done; MigrationError for what the server lacks or refuses;
    DatabaseUnavailable.
    """
    refuse_impossible_logins(logins, with_iam=with_iam)
    attempts_left = _ATTEMPTS
    async with owner_connection(url) as connection:
        await take_migration_lock(connection)
        while True:
            attempts_left -= 1
            try:
                async with connection.transaction():
                    return await _set_up(connection, logins, with_iam=with_iam)
            except psycopg.errors.InsufficientPrivilege as error:
                raise MigrationError(
                    f"{connection.info.user} may not let the roles {', '.join(ROLES)} sign in: it needs"
                    " CREATEROLE, and ADMIN OPTION on those that another user has made"
                    f" ({server_message(error)})."
                ) from error
            except (psycopg.errors.InternalError_, psycopg.errors.UniqueViolation):
                # "tuple concurrently updated", or "duplicate key": another database's migration was faster.
                if not attempts_left:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)


def refuse_impossible_logins(logins: Sequence[Login], *, with_iam: bool) -> None:
    """Raise ConfigurationError unless each login is for another one of the roles, and the only way in."""
    names = [login.username for login in logins]
    strangers = sorted(set(names) - set(ROLES))
    if strangers:
        raise ConfigurationError(
            f"DATABASE_ROLE_SECRET_ARNS: a secret is for the user {strangers[0]}, which is none of the roles"
            f" {', '.join(ROLES)}."
        )
    if len(set(names)) < len(names):
        raise ConfigurationError("DATABASE_ROLE_SECRET_ARNS: two of the secrets are for the same user.")
    if names and with_iam:
        raise ConfigurationError(
            "DATABASE_IAM_ROLES and DATABASE_ROLE_SECRET_ARNS exclude each other: RDS takes no password from"
            " a role with IAM authentication."
        )


async def _set_up(connection: OwnerConnection, logins: Sequence[Login], *, with_iam: bool) -> tuple[str, ...]:
    await connection.execute(_MEND, [[*ROLES, WRITER, INDEX]])
    roles = {role.name: role for role in await _find_roles(connection)}
    wanted = ROLES if with_iam else tuple(login.username for login in logins)
    _refuse_missing(connection, wanted, roles)
    if with_iam:
        await _refuse_without_iam(connection)
    for name in wanted:
        await _configure(connection, roles[name])
    for login in logins:
        await _let_in_by_password(connection, roles[login.username], login.password)
    for name in wanted if with_iam else ():
        await _let_in_by_iam(connection, roles[name])
    return tuple(name for name, role in roles.items() if role.can_sign_in or name in wanted)


async def _find_roles(connection: OwnerConnection) -> list[_Role]:
    async with connection.cursor(row_factory=class_row(_Role)) as cursor:
        await cursor.execute(_FIND, [list(ROLES)])
        return await cursor.fetchall()


def _refuse_missing(connection: OwnerConnection, wanted: Sequence[str], found: Collection[str]) -> None:
    missing = [name for name in wanted if name not in found]
    if missing:
        raise MigrationError(
            f"There is no role {', '.join(missing)}, and {connection.info.user} may not create it: give it"
            " CREATEROLE, or have the role created, and migrate again."
        )


async def _refuse_without_iam(connection: OwnerConnection) -> None:
    cursor = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'rds_iam'")
    if await cursor.fetchone() is None:
        raise MigrationError(
            "The database has no role rds_iam, so it is not RDS or Aurora, and nobody can sign in with IAM"
            " authentication: unset DATABASE_IAM_ROLES and give each role a secret in"
            " DATABASE_ROLE_SECRET_ARNS."
        )


async def _configure(connection: OwnerConnection, role: _Role) -> None:
    name = sql.Identifier(role.name)
    if not role.can_connect:
        database = sql.Identifier(connection.info.dbname)
        await connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, name))
    # A function that is stopped within a transaction must not hold its locks until TCP notices.
    idle = sql.SQL("ALTER ROLE {} SET idle_in_transaction_session_timeout = '60s'")
    await connection.execute(idle.format(name))
    if role.name == SEARCH:
        await connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(name))


async def _let_in_by_password(connection: OwnerConnection, role: _Role, password: str) -> None:
    """Only the SCRAM verifier goes to the server, whose log may show statements."""
    name = sql.Identifier(role.name)
    verifier = connection.pgconn.encrypt_password(password.encode(), role.name.encode(), b"scram-sha-256")
    let_in = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
    await connection.execute(let_in.format(name, sql.Literal(verifier.decode())))
    if role.uses_iam:
        await connection.execute(sql.SQL("REVOKE rds_iam FROM {}").format(name))


async def _let_in_by_iam(connection: OwnerConnection, role: _Role) -> None:
    name = sql.Identifier(role.name)
    await connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD NULL").format(name))
    if not role.uses_iam:
        await connection.execute(sql.SQL("GRANT rds_iam TO {}").format(name))
