"""TLS to the database: who answers is who was meant, and that is checked."""

import ssl
from urllib.parse import parse_qs, quote, urlsplit

from shared.config import ConfigurationError, DatabaseSettings, Environment
from shared.domain.hosts import is_nearby

_VERIFIES = frozenset({"verify-ca", "verify-full"})


def verification(settings: DatabaseSettings) -> str:
    """Parameters of an address, by which a server is believed when its name is in a certificate we trust.

    Trusted are those of TLS_CA_FILE, else the system's. With TLS_UNVERIFIED whoever answers is believed.
    """
    if settings.tls_unverified:
        return "sslmode=require"
    trusted = settings.tls_ca_file or ssl.get_default_verify_paths().cafile or "system"
    return f"sslmode=verify-full&sslrootcert={quote(str(trusted), safe='/')}"


def with_verification(url: str, settings: DatabaseSettings) -> str:
    """An address as it was given, which verifies in production and wherever TLS_CA_FILE is set.

    Raises ConfigurationError for one that says it does not, in production.
    """
    wants = settings.environment is Environment.PRODUCTION or settings.tls_ca_file is not None
    try:
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
        host = asked.get("host", [parts.hostname or ""])[-1]
    except ValueError:
        # The driver finds out too, and what it says is shown to nobody.
        return url
    if not wants or host.startswith("/") or is_nearby(host):
        return url
    mode = asked.get("sslmode", [""])[-1]
    if not mode:
        return f"{url}{'&' if parts.query else '?'}{verification(settings)}"
    if mode not in _VERIFIES and not settings.tls_unverified:
        raise ConfigurationError(
            f"DATABASE_URL: sslmode={mode} believes whoever answers. Leave it out, or set it to verify-full,"
            " and TLS_CA_FILE to the certificates that vouch for it. TLS_UNVERIFIED=true does without."
        )
    return url
