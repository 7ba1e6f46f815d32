"""A PostgreSQL server for tests of roles, which belong to a server and not to one of its databases."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from shared.database.logins import Login
from shared.database.roles import APP, INDEX, INGEST, MAINTENANCE, ROLES, SEARCH, WRITER
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres, temporary_database

# Only the superuser of the tests gets in without a password.
_ACCESS = "local all postgres trust\nlocal all all scram-sha-256\n"
_PATIENCE_SECONDS = 10.0

# Nobody signs in as one of these.
OTHER_ROLES = (APP, INDEX, WRITER)
# Each function that has a database, by the role that it signs in as; database_migrate signs in as the owner.
FUNCTIONS_OF_ROLE = {
    SEARCH: {
        "aliases_list",
        "chunks_preview",
        "collections_get",
        "collections_list",
        "documents_get",
        "documents_list",
        "embeddings_get",
        "documents_multi_search",
        "documents_original",
        "documents_search",
        "documents_similar",
        "documents_suggest",
        "exports_get",
        "sources_get",
        "sources_list",
        "usage_get",
        "audit_list",
    },
    INGEST: {
        "aliases_delete",
        "aliases_put",
        "chunks_embed",
        "collections_create",
        "collections_delete",
        "collections_update",
        "documents_delete",
        "documents_delete_by_filter",
        "documents_expire",
        "documents_update",
        "keys_create",
        "keys_list",
        "keys_revoke",
        "documents_upsert",
        "embeddings_change",
        "embeddings_clean",
        "embeddings_switch",
        "exports_build",
        "exports_create",
        "imports_cancel",
        "imports_create",
        "imports_get",
        "imports_list",
        "imports_process",
        "imports_retry",
        "jwks_store",
        "sources_create",
        "sources_delete",
        "sources_refresh",
        "sources_store",
        "sources_update",
    },
    MAINTENANCE: {"indexes_maintain", "usage_record"},
}


def execute(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements, each for itself, and return the rows of the last."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def url_for(url: str, login: Login) -> str:
    """The same database for another user than the superuser."""
    return url.replace("postgres@", f"{login.username}:{login.password}@", 1)


def new_logins(*roles: str) -> list[Login]:
    """A login with a new password for each of these roles, or for all."""
    return [Login(role, secrets.token_hex(16)) for role in roles or ROLES]


class RoleServer:
    """A server where all need passwords but `postgres`, whose `url` leads to its maintenance database."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    def log(self) -> str:
        """What the server has logged: every statement."""
        return self._log.read_text(encoding="utf-8")

    @contextmanager
    def without_roles(self) -> Iterator[None]:
        """The roles are not there, and gone again at the end: drop what depends on them before."""
        drop = [f"DROP ROLE IF EXISTS {role}" for role in (*ROLES, *OTHER_ROLES, "rds_iam", "owner")]
        execute(self.url, *drop)
        try:
            yield
        finally:
            execute(self.url, *drop)

    @contextmanager
    def owned_database(self, *extensions: str, attributes: str = "") -> Iterator[str]:
        """A database of the user `owner`, who has these attributes and is no superuser; the URL is his."""
        owner = Login("owner", secrets.token_hex(16))
        execute(self.url, f"CREATE ROLE owner LOGIN {attributes} PASSWORD '{owner.password}'")
        try:
            with temporary_database(self.url) as url:
                name = url.partition("?")[0].rpartition("/")[2]
                execute(self.url, f"ALTER DATABASE {name} OWNER TO owner")
                execute(url, *(f"CREATE EXTENSION {extension}" for extension in extensions))
                yield url_for(url, owner)
        finally:
            execute(self.url, *(f"DROP ROLE IF EXISTS {role}" for role in (*ROLES, *OTHER_ROLES, "owner")))


@contextmanager
def role_server(version: int) -> Iterator[RoleServer]:
    with folder_for_servers() as folder:
        data = Path(folder) / str(version)
        url = start_postgres(data, version)
        (data / "pg_hba.conf").write_text(_ACCESS)
        _reload(url, "ALTER SYSTEM SET log_statement = 'all'")
        yield RoleServer(url, data / "log")
        stop_postgres(data, version)


def _reload(url: str, statement: str) -> None:
    load_time = "SELECT pg_conf_load_time()"
    before = execute(url, load_time)
    execute(url, statement, "SELECT pg_reload_conf()")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while execute(url, load_time) == before:
        assert time.monotonic() < deadline, "the server does not read its configuration"
        time.sleep(0.01)
