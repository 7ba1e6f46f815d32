"""The database's address: given outright, or put together from an endpoint and a login."""

from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr

from shared.config import ConfigurationError, DatabaseSettings
from shared.database.boundaries import refuse_in_unit_of_work
from shared.database.logins import Login, read_login
from shared.database.migration_settings import MigrationSettings
from shared.database.tls import verification, with_verification
from shared.domain.hosts import is_nearby

_SECRET = "DATABASE_SECRET_ARN"  # noqa: S105 - the name of a setting
_POSTGRES_PORT = 5432


class ReaderSettings(DatabaseSettings):
    database_reader_url: SecretStr | None = Field(
        default=None,
        description="a standby that searches ask: like DATABASE_URL, or postgresql://host:5432/name with"
        " the login of the writer",
    )


def database_url(settings: DatabaseSettings) -> str:
    """The address to open a connection with now. Ask for each connection: passwords change.

    DATABASE_URL, else one with the login of the secret DATABASE_SECRET_ARN, else one for DATABASE_IAM_USER
    with a token that is good for 15 minutes. Reading a secret blocks for some seconds at most. Raises
    ConfigurationError, SecretUnavailable.
    """
    if settings.database_url is not None:
        return with_verification(settings.database_url.get_secret_value(), settings)
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
        return with_verification(settings.database_migration_url.get_secret_value(), settings)
    return database_url(settings)


def reader_settings(settings: ReaderSettings) -> DatabaseSettings | None:
    """What to open connections to the standby with, if there is one; its login may be the writer's."""
    given = settings.database_reader_url
    if given is None:
        return None
    parts = urlsplit(given.get_secret_value())
    if parts.username is not None or settings.database_url is not None:
        return settings.model_copy(update={"database_url": given})
    return settings.model_copy(update={"database_endpoint": f"{parts.netloc}{parts.path}"})


def _url_of(settings: DatabaseSettings, login: Login) -> str:
    """The endpoint that is configured wins over the secret's, and completes one that has none."""
    if settings.database_endpoint:
        host, port, name = _split(settings.database_endpoint)
        return _url(settings, login.username, login.password, (host, port, name))
    if login.host is None or login.database is None:
        missing = " and no ".join(
            field for field, value in (("host", login.host), ("dbname", login.database)) if value is None
        )
        raise ConfigurationError(
            f"{_SECRET}: the secret has no {missing}. Set DATABASE_ENDPOINT to host:port/name."
        )
    place = (login.host, login.port or _POSTGRES_PORT, login.database)
    return _url(settings, login.username, login.password, place)


def _url_with_token(settings: DatabaseSettings) -> str:
    from shared.aws.rds_tokens import sign_rds_token  # noqa: PLC0415 - unused in most deployments.

    refuse_in_unit_of_work("IAM authentication")
    user = settings.database_iam_user or ""
    host, port, name = _split(settings.database_endpoint or "")
    return _url(settings, user, sign_rds_token(host, port, user), (host, port, name))


def _split(endpoint: str) -> tuple[str, int, str]:
    """The parts of host:port/name, a form that the settings have checked."""
    place, _, name = endpoint.rpartition("/")
    host, _, port = place.rpartition(":")
    return host.strip("[]"), int(port), name


def _url(settings: DatabaseSettings, user: str, password: str, place: tuple[str, int, str]) -> str:
    host, port, name = place
    user, password, name = (quote(part, safe="") for part in (user, password, name))
    address = f"[{host}]" if ":" in host else host
    tls = "" if is_nearby(host) else f"?{verification(settings)}"
    return f"postgresql://{user}:{password}@{address}:{port}/{name}{tls}"
