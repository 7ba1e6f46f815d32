"""The database's address: given outright, or put together from an endpoint and a login."""

from urllib.parse import quote

from shared.config import ConfigurationError, DatabaseSettings, MigrationSettings
from shared.database.boundaries import refuse_in_unit_of_work
from shared.database.logins import Login, read_login

_SECRET = "DATABASE_SECRET_ARN"  # noqa: S105 - the name of a setting
_POSTGRES_PORT = 5432
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def database_url(settings: DatabaseSettings) -> str:
    """The address to open a connection with now. Ask for each connection: passwords change.

    DATABASE_URL, else one with the login of the secret DATABASE_SECRET_ARN, else one for DATABASE_IAM_USER
    with a token that is good for 15 minutes. Reading a secret blocks for some seconds at most. Raises
    ConfigurationError, SecretUnavailable.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    if settings.database_secret_arn:
        return _url_of(settings, read_login(settings.database_secret_arn, setting=_SECRET))
    return _url_with_token(settings)


def renewed_url(settings: DatabaseSettings, refused: str) -> str | None:
    """The address with its secret read anew, when that has made another one of it. Blocks as above."""
    if settings.database_url is not None or not settings.database_secret_arn:
        return None
    renewed = _url_of(settings, read_login(settings.database_secret_arn, setting=_SECRET, anew=True))
    return None if renewed == refused else renewed


def is_given_outright(settings: DatabaseSettings) -> bool:
    """Whether the address is at hand without asking anybody."""
    return settings.database_url is not None


def migration_url(settings: MigrationSettings) -> str:
    """The owner's address, for migrations: DATABASE_MIGRATION_URL, else made like that of everybody."""
    if settings.database_migration_url is not None:
        return settings.database_migration_url.get_secret_value()
    return database_url(settings)


def _url_of(settings: DatabaseSettings, login: Login) -> str:
    """The endpoint that is configured wins over the secret's, and completes one that has none."""
    if settings.database_endpoint:
        host, port, name = _split(settings.database_endpoint)
        return _url(login.username, login.password, host, port, name)
    if login.host is None or login.database is None:
        missing = " and no ".join(
            field for field, value in (("host", login.host), ("dbname", login.database)) if value is None
        )
        raise ConfigurationError(
            f"{_SECRET}: the secret has no {missing}. Set DATABASE_ENDPOINT to host:port/name."
        )
    return _url(login.username, login.password, login.host, login.port or _POSTGRES_PORT, login.database)


def _url_with_token(settings: DatabaseSettings) -> str:
    from shared.aws.rds_tokens import sign_rds_token  # noqa: PLC0415 - unused in most deployments.

    refuse_in_unit_of_work("IAM authentication")
    user = settings.database_iam_user or ""
    host, port, name = _split(settings.database_endpoint or "")
    return _url(user, sign_rds_token(host, port, user), host, port, name)


def _split(endpoint: str) -> tuple[str, int, str]:
    """The parts of host:port/name, a form that the settings have checked."""
    place, _, name = endpoint.rpartition("/")
    host, _, port = place.rpartition(":")
    return host.strip("[]"), int(port), name


def _url(user: str, password: str, host: str, port: int, name: str) -> str:
    user, password, name = (quote(part, safe="") for part in (user, password, name))
    place = f"[{host}]" if ":" in host else host
    tls = "" if _is_nearby(host) else "?sslmode=require"
    return f"postgresql://{user}:{password}@{place}:{port}/{name}{tls}"


def _is_nearby(host: str) -> bool:
    """Whether the way there is this machine's own, and needs no TLS.

    A name without a dot is one of a container beside this one, as in docker-compose. Neither has a
    certificate by default; whatever has a name that others can ask for is spoken to in TLS alone.
    """
    return host in _THIS_MACHINE or not {".", ":"} & set(host)
