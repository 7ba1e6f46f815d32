"""The database's address: given outright, or kept in Secrets Manager."""

import functools
import json
from urllib.parse import quote

from shared.config import ConfigurationError, DatabaseSettings, MigrationSettings


def database_url(settings: DatabaseSettings) -> str:
    """DATABASE_URL when it is set, else the address made from the secret DATABASE_SECRET_ARN."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return _url_from_secret(settings.database_secret_arn or "")


def migration_url(settings: MigrationSettings) -> str:
    """The owner's address, for migrations: DATABASE_MIGRATION_URL, or else that of everybody."""
    if settings.database_migration_url is not None:
        return settings.database_migration_url.get_secret_value()
    return database_url(settings)


@functools.cache
def _url_from_secret(arn: str) -> str:
    import boto3  # noqa: PLC0415 - costs 300 ms that functions with a DATABASE_URL do not pay.

    answer = boto3.client("secretsmanager").get_secret_value(SecretId=arn)
    try:
        secret = json.loads(answer["SecretString"])
        user, password = quote(secret["username"], safe=""), quote(secret["password"], safe="")
        host, port = secret["host"], secret.get("port", 5432)
        name = secret.get("dbname", "postgres")
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            "DATABASE_SECRET_ARN: the secret must be JSON with username, password, host, port, dbname."
        ) from error
    return f"postgresql://{user}:{password}@{host}:{port}/{name}?sslmode=require"


def forget_secret() -> bool:
    """Read the secret anew the next time; whether one had been read at all."""
    had_been_read = _url_from_secret.cache_info().currsize > 0
    _url_from_secret.cache_clear()
    return had_been_read
