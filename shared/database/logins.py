"""Who signs in to the database, and with which password, as a secret says it."""

import json
from dataclasses import dataclass, field

from shared.config import ConfigurationError
from shared.database.boundaries import refuse_in_unit_of_work


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password, and the database's place where the secret says that too."""

    username: str
    password: str = field(repr=False)
    host: str | None = None
    port: int | None = None
    database: str | None = None


def read_login(arn: str, *, setting: str) -> Login:
    """The login that the secret `arn` holds: JSON with username, password and perhaps host, port, dbname.

    `setting` names the variable that has the ARN, for errors. Blocks, at most for some seconds. Raises
    ConfigurationError when the secret is not of that form or not for us to read.
    """
    import boto3  # noqa: PLC0415 - costs 300 ms that functions with a DATABASE_URL do not pay.

    refuse_in_unit_of_work("read_login")
    text = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    try:
        secret = json.loads(text)
        username, password = secret["username"], secret["password"]
    except (KeyError, TypeError, ValueError):
        raise ConfigurationError(f"{setting}: the secret must be JSON with username and password.") from None
    return Login(username, password, secret.get("host"), secret.get("port"), secret.get("dbname"))
