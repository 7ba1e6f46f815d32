"""Who signs in to the database, and with which password, as a secret says it."""

import json
from dataclasses import dataclass, field

from shared.config import ConfigurationError
from shared.database.boundaries import refuse_in_unit_of_work


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password, and where the database is, as far as the secret says that too."""

    username: str
    password: str = field(repr=False)
    host: str | None = None
    port: int | None = None
    database: str | None = None


def read_login(arn: str, *, setting: str, anew: bool = False) -> Login:
    """The login in the secret `arn`: JSON with username, password and perhaps host, port and dbname.

    It is remembered until somebody wants it `anew`, as after a rotation. `setting` names the variable that
    has the ARN, for errors. Blocks for some seconds at most. Raises SecretUnavailable when AWS does not
    answer, ConfigurationError when it refuses or when the secret is of another form.
    """
    from shared.aws.secrets import read_secret  # noqa: PLC0415 - unused where there is a DATABASE_URL.

    refuse_in_unit_of_work("read_login")
    text = read_secret(arn, setting=setting)
    if anew:
        text = read_secret(arn, setting=setting, other_than=text)
    try:
        secret = json.loads(text)
        host, port, database = secret.get("host"), secret.get("port"), secret.get("dbname")
        return Login(
            _text(secret["username"]),
            _text(secret["password"]),
            _text(host) if host else None,
            int(port) if port else None,
            _text(database) if database else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"{setting}: the secret must be JSON with the texts username and password, and may have host,"
            " port and dbname."
        ) from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
