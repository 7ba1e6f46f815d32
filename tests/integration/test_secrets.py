"""The database's address from Secrets Manager, over real calls to a server of the test's own."""

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from shared.config import ConfigurationError, DatabaseSettings, MigrationSettings
from shared.database.addresses import database_url, forget_secret, migration_url
from shared.database.connections import open_connection
from shared.domain.principals import ADMIN
from shared.errors import DatabaseUnavailable

SECRET = {"username": "ann", "password": "p@ss/word", "host": "db.example", "port": 6432, "dbname": "app"}


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    forget_secret()
    yield boto3.client("secretsmanager")
    forget_secret()
    server.stop()


def settings_for(client: Any, value: str) -> DatabaseSettings:
    arn = client.create_secret(Name=f"database-{uuid.uuid4()}", SecretString=value)["ARN"]
    return DatabaseSettings(database_secret_arn=arn)


def test_the_address_is_made_from_the_secret(secrets_manager: Any) -> None:
    parts = urlsplit(database_url(settings_for(secrets_manager, json.dumps(SECRET))))
    assert (parts.hostname, parts.port, parts.path) == ("db.example", 6432, "/app")
    assert (parts.username, parts.password) == ("ann", "p%40ss%2Fword")
    assert parse_qs(parts.query) == {"sslmode": ["require"]}


@pytest.mark.parametrize("value", ["not JSON", '{"username": "ann"}', "[1]"])
def test_a_secret_of_another_form_is_named_but_not_shown(secrets_manager: Any, value: str) -> None:
    settings = settings_for(secrets_manager, value)
    with pytest.raises(ConfigurationError, match="DATABASE_SECRET_ARN") as raised:
        database_url(settings)
    assert "ann" not in str(raised.value)


def test_an_address_given_outright_wins(secrets_manager: Any) -> None:
    arn = settings_for(secrets_manager, json.dumps(SECRET)).database_secret_arn
    settings = DatabaseSettings(database_url=SecretStr("postgresql://given"), database_secret_arn=arn)
    assert database_url(settings) == "postgresql://given"


def test_migrations_have_an_address_of_their_own() -> None:
    given = MigrationSettings(database_url=SecretStr("postgresql://app"))
    assert migration_url(given) == "postgresql://app"
    owner = MigrationSettings(
        database_url=SecretStr("postgresql://app"), database_migration_url=SecretStr("postgresql://owner")
    )
    assert migration_url(owner) == "postgresql://owner"


async def test_a_rotated_secret_is_read_again(secrets_manager: Any) -> None:
    """The connection fails with what was read first; then the secret is read anew, once."""
    nowhere = {**SECRET, "host": "127.0.0.1", "port": 1}
    settings = settings_for(secrets_manager, json.dumps(nowhere))
    assert ":1/" in database_url(settings)
    arn = settings.database_secret_arn
    secrets_manager.put_secret_value(SecretId=arn, SecretString=json.dumps({**nowhere, "port": 2}))
    assert ":1/" in database_url(settings)
    database = open_connection(settings)
    with pytest.raises(DatabaseUnavailable):
        async with database.unit_of_work(ADMIN):
            pytest.fail("Nobody listens there.")
    assert ":2/" in database_url(settings)
