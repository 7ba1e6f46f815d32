"""The address of Redis, with what makes TLS worth having."""

from urllib.parse import quote, urlsplit

from shared.config import ConfigurationError, Environment, RedisSettings
from shared.domain.hosts import is_nearby


def malformed() -> ConfigurationError:
    """Raise it from None: its cause would show the address, and with it the password."""
    return ConfigurationError("REDIS_URL is malformed. Set it to: redis://host:6379/0, or rediss:// for TLS")


def redis_address(settings: RedisSettings) -> str:
    """Where Redis is, whose certificate has to be for its name. There must be a REDIS_URL.

    Raises ConfigurationError for an address that is malformed, for one with a login beside that of a secret
    and, in production, for one without TLS.
    """
    assert settings.redis_url is not None  # noqa: S101 - callers have looked.
    url = settings.redis_url.get_secret_value()
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise malformed() from None
    if settings.redis_secret_arn is not None and (parts.username or parts.password):
        raise ConfigurationError("REDIS_URL: leave user and password to the secret, REDIS_SECRET_ARN.")
    if parts.scheme == "rediss":
        wanted = ["ssl_cert_reqs=none"] if settings.tls_unverified else ["ssl_check_hostname=true"]
        if settings.tls_ca_file is not None and not settings.tls_unverified:
            wanted.append(f"ssl_ca_certs={quote(str(settings.tls_ca_file), safe='/')}")
        return f"{url}{'&' if parts.query else '?'}{'&'.join(wanted)}"
    is_production = settings.environment is Environment.PRODUCTION
    if is_production and parts.scheme == "redis" and not is_nearby(host) and not settings.tls_unverified:
        raise ConfigurationError(
            "REDIS_URL: without TLS anybody on the way reads what is cached. Set it to rediss://…, or, to do"
            " without that, TLS_UNVERIFIED=true."
        )
    return url
