"""Where the database is and who signs in: settings, secrets of a Secrets Manager, tokens of IAM."""

import json
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from shared.aws import rds_tokens
from shared.aws.rds_tokens import sign_rds_token
from shared.config import ConfigurationError, DatabaseSettings
from shared.database import addresses
from shared.database.addresses import migration_url
from shared.database.connections import open_connection
from shared.database.logins import Login, read_login
from shared.database.migration_settings import MigrationSettings
from shared.database.pool import PooledConnections
from shared.database.units_of_work import Database
from shared.domain.principals import ADMIN
from shared.errors import (
    DatabaseLoginRefused,
    DatabaseUnavailable,
    NetworkCallInUnitOfWork,
    SecretUnavailable,
)
from tests.builders.claims import claimed_in
from tests.builders.postgres_proxy import PostgresProxy, postgres_proxy
from tests.builders.secrets_manager import SecretsManager, running_secrets_manager

SECRET = {"username": "ann", "password": "p@ss/word", "host": "db.example", "port": 6432, "dbname": "app"}
LOGIN = {"username": "ann", "password": "p@ss/word"}
SYSTEM_AUTHORITIES = ssl.get_default_verify_paths().cafile or "system"
VERIFIED = f"sslmode=verify-full&sslrootcert={SYSTEM_AUTHORITIES}"
FROZEN = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    for name in ("DATABASE_URL", "DATABASE_ENDPOINT", "DATABASE_MIGRATION_URL"):
        monkeypatch.delenv(name, raising=False)
    with running_secrets_manager() as running:
        yield running


def settings_for(manager: SecretsManager, value: object, **changes: Any) -> MigrationSettings:
    return MigrationSettings(database_secret_arn=manager.add(value), **changes)


def test_the_address_is_made_from_the_secret(secrets_manager: SecretsManager) -> None:
    parts = urlsplit(addresses.database_url(settings_for(secrets_manager, SECRET)))
    assert (parts.hostname, parts.port, parts.path) == ("db.example", 6432, "/app")
    assert (parts.username, parts.password) == ("ann", "p%40ss%2Fword")
    assert parse_qs(parts.query) == {"sslmode": ["verify-full"], "sslrootcert": [SYSTEM_AUTHORITIES]}


def test_a_secret_of_rds_has_a_port_as_text_or_none(secrets_manager: SecretsManager) -> None:
    assert ":6432/" in addresses.database_url(settings_for(secrets_manager, {**SECRET, "port": "6432"}))
    assert ":5432/" in addresses.database_url(settings_for(secrets_manager, {**SECRET, "port": None}))


def test_an_endpoint_wins_over_the_secret_and_completes_it(secrets_manager: SecretsManager) -> None:
    for value in (LOGIN, SECRET):
        settings = settings_for(secrets_manager, value, database_endpoint="proxy.example:5433/other")
        expected = f"postgresql://ann:p%40ss%2Fword@proxy.example:5433/other?{VERIFIED}"
        assert addresses.database_url(settings) == expected


@pytest.mark.parametrize(
    ("value", "missing"),
    [
        (LOGIN, "no host and no dbname"),
        ({**SECRET, "host": ""}, "no host"),
        ({**SECRET, "dbname": None}, "no dbname"),
    ],
)
def test_what_the_address_lacks_is_named(secrets_manager: SecretsManager, value: Any, missing: str) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"DATABASE_SECRET_ARN: .* {missing}\. Set DATABASE_ENDPOINT"
    ):
        addresses.database_url(settings_for(secrets_manager, value))


@pytest.mark.parametrize(
    "value",
    [
        "not JSON of ann",
        {"username": "ann"},
        ["ann"],
        {**LOGIN, "password": 7},
        {**LOGIN, "username": ""},
        {**SECRET, "port": "ann"},
        {**SECRET, "host": ["ann"]},
    ],
    ids=str,
)
def test_a_secret_of_another_form_is_named_but_not_shown(secrets_manager: SecretsManager, value: Any) -> None:
    settings = settings_for(secrets_manager, value)
    with pytest.raises(ConfigurationError, match="DATABASE_SECRET_ARN: the secret must be JSON") as raised:
        addresses.database_url(settings)
    assert "ann" not in str(raised.value)


def test_an_address_given_outright_wins(secrets_manager: SecretsManager) -> None:
    settings = settings_for(
        secrets_manager,
        SECRET,
        database_url=SecretStr("postgresql://given"),
        database_iam_user="ann",
        database_endpoint="db.example:5432/app",
    )
    assert addresses.database_url(settings) == "postgresql://given"


def test_a_secret_wins_over_iam(secrets_manager: SecretsManager) -> None:
    settings = settings_for(
        secrets_manager, LOGIN, database_iam_user="eve", database_endpoint="db.example:5432/app"
    )
    assert urlsplit(addresses.database_url(settings)).username == "ann"


def test_migrations_have_an_address_of_their_own(secrets_manager: SecretsManager) -> None:
    given = MigrationSettings(database_url=SecretStr("postgresql://app"))
    assert migration_url(given) == "postgresql://app"
    owner = settings_for(secrets_manager, SECRET, database_migration_url=SecretStr("postgresql://owner"))
    assert migration_url(owner) == "postgresql://owner"
    assert urlsplit(migration_url(settings_for(secrets_manager, SECRET))).username == "ann"


@pytest.mark.parametrize(
    ("host", "is_nearby"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("[::1]", True),
        ("postgres", True),
        ("10.0.0.7", False),
        ("[fd00::7]", False),
        ("db.cluster-abc.eu-central-1.rds.amazonaws.com", False),
    ],
)
def test_whoever_is_not_beside_us_is_spoken_to_in_tls(
    secrets_manager: SecretsManager, host: str, is_nearby: bool
) -> None:
    url = addresses.database_url(settings_for(secrets_manager, LOGIN, database_endpoint=f"{host}:5432/app"))
    assert f"@{host}:5432/app" in url
    assert url.endswith(f"?{VERIFIED}") is not is_nearby


async def test_a_server_without_tls_is_not_told_the_password(
    secrets_manager: SecretsManager, postgres_url: str
) -> None:
    with postgres_proxy(postgres_url) as proxy:
        # Another name of 127.0.0.1, and none of those that are known to be this machine's.
        settings = settings_for(secrets_manager, LOGIN, database_endpoint=f"127.1:{proxy.port}/postgres")
        with pytest.raises(DatabaseUnavailable) as refused:
            await claimed_in(open_connection(settings))
        assert "does not support SSL" in str(refused.value.__cause__)


def test_a_login_for_a_role_is_read_and_does_not_show(secrets_manager: SecretsManager) -> None:
    login = read_login(secrets_manager.add(LOGIN), setting="DATABASE_ROLE_SECRET_ARNS")
    assert login == Login("ann", "p@ss/word")
    assert "p@ss" not in repr(login)


def test_an_outage_of_secrets_manager_is_told_as_one(
    secrets_manager: SecretsManager, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    settings = settings_for(secrets_manager, SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(SecretUnavailable):
        addresses.database_url(settings)


@dataclass
class Account:
    """A role that needs its password, on a server that is reached over TCP."""

    admin: psycopg.Connection[Any]
    proxy: PostgresProxy
    name: str
    database: str

    def change_password(self, password: str) -> None:
        self.admin.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(self.name), sql.Literal(password))
        )

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.proxy.port}/{self.database}"

    def secret(self, password: str) -> dict[str, object]:
        return {
            "username": self.name,
            "password": password,
            "host": "127.0.0.1",
            "port": self.proxy.port,
            "dbname": self.database,
        }


@contextmanager
def passwords_asked_for(admin: psycopg.Connection[Any], role: str) -> Iterator[None]:
    row = admin.execute("SHOW hba_file").fetchone()
    assert row is not None
    path = Path(row[0])
    before = path.read_text()
    path.write_text(f"local all {role} scram-sha-256\n{before}")
    admin.execute("SELECT pg_reload_conf()")
    yield
    path.write_text(before)
    admin.execute("SELECT pg_reload_conf()")


@pytest.fixture
def account(database_url: str) -> Iterator[Account]:
    name = "rotating"
    with (
        postgres_proxy(database_url) as proxy,
        closing(psycopg.connect(database_url, autocommit=True)) as admin,
        passwords_asked_for(admin, name),
    ):
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        try:
            yield Account(admin, proxy, name, urlsplit(database_url).path.strip("/"))
        finally:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def ended(account: Account, process: int) -> None:
    account.admin.execute("SELECT pg_terminate_backend(%s, 5000)", [process])


@pytest.mark.parametrize("kind", ["single", "pool"])
async def test_a_rotated_password_is_read_anew(
    secrets_manager: SecretsManager, account: Account, kind: str
) -> None:
    account.change_password("first")
    settings = settings_for(secrets_manager, account.secret("first"), database_pool_size=1)
    database: Database = PooledConnections(settings) if kind == "pool" else open_connection(settings)
    first = await claimed_in(database)

    account.change_password("second")
    secrets_manager.change(settings.database_secret_arn or "", account.secret("second"))
    ended(account, first.process)

    assert (await claimed_in(database)).process != first.process
    await database.aclose()


async def test_a_host_that_has_changed_is_found(secrets_manager: SecretsManager, account: Account) -> None:
    account.change_password("first")
    nowhere = {**account.secret("first"), "port": 1}
    settings = settings_for(secrets_manager, nowhere)
    assert ":1/" in addresses.database_url(settings)
    secrets_manager.change(settings.database_secret_arn or "", account.secret("first"))
    database = open_connection(settings)
    assert (await claimed_in(database)).process
    await database.aclose()


async def test_a_password_that_is_wrong_and_stays_so(
    secrets_manager: SecretsManager, account: Account
) -> None:
    account.change_password("right")
    settings = settings_for(secrets_manager, account.secret("wrong"), database_resume_seconds=60)
    with pytest.raises(DatabaseLoginRefused):
        await claimed_in(open_connection(settings))


@pytest.mark.usefixtures("secrets_manager")
@pytest.mark.parametrize("kind", ["single", "pool"])
async def test_iam_signs_in_with_a_token_of_the_moment(
    account: Account, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server knows nothing of IAM: its role's password is set to what has to be sent."""
    now = FROZEN
    monkeypatch.setattr(rds_tokens, "current_time", lambda: now)
    settings = DatabaseSettings(
        database_iam_user=account.name, database_endpoint=account.endpoint, database_pool_size=1
    )
    account.change_password(sign_rds_token("127.0.0.1", account.proxy.port, account.name))
    database: Database = PooledConnections(settings) if kind == "pool" else open_connection(settings)
    first = await claimed_in(database)

    now = FROZEN + timedelta(hours=1)
    account.change_password(sign_rds_token("127.0.0.1", account.proxy.port, account.name))
    ended(account, first.process)
    assert (await claimed_in(database)).process != first.process
    await database.aclose()


@pytest.mark.usefixtures("secrets_manager")
async def test_a_token_that_is_refused_is_not_sent_twice(account: Account) -> None:
    account.change_password("none of IAM")
    settings = DatabaseSettings(database_iam_user=account.name, database_endpoint=account.endpoint)
    with pytest.raises(DatabaseLoginRefused):
        await claimed_in(open_connection(settings))


@pytest.mark.usefixtures("secrets_manager")
def test_a_token_is_the_password_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rds_tokens, "current_time", lambda: FROZEN)
    host = "db.cluster-abc.eu-central-1.rds.amazonaws.com"
    settings = MigrationSettings(database_iam_user="concord/owner", database_endpoint=f"{host}:5432/app")
    parts = urlsplit(migration_url(settings))
    assert (parts.hostname, parts.port, parts.path, parts.query) == (host, 5432, "/app", VERIFIED)
    assert parts.username == quote("concord/owner", safe="")
    assert unquote(parts.password or "") == sign_rds_token(host, 5432, "concord/owner")


async def test_no_secret_is_read_and_no_token_signed_within_a_unit(
    secrets_manager: SecretsManager, database_url: str
) -> None:
    database = open_connection(DatabaseSettings(database_url=SecretStr(database_url)))
    by_secret = settings_for(secrets_manager, SECRET)
    by_token = DatabaseSettings(database_iam_user="ann", database_endpoint="db.example:5432/app")
    for settings in (by_secret, by_token):
        async with database.unit_of_work(ADMIN):
            with pytest.raises(NetworkCallInUnitOfWork):
                addresses.database_url(settings)
    await database.aclose()


def test_a_wrong_secret_stops_the_start_of_a_pool(secrets_manager: SecretsManager) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_SECRET_ARN"):
        PooledConnections(settings_for(secrets_manager, json.dumps({"username": "ann"})))
