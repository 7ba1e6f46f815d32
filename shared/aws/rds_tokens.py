"""IAM authentication of RDS: a password that is signed rather than stored."""

import os
import re

from shared.aws.credentials import find_credentials
from shared.aws.signing import Scope, current_time, presigned_url
from shared.config import ConfigurationError

# RDS takes no longer-lived ones. A connection that was opened with one outlives it.
_LIVES_SECONDS = 900
_RDS_HOST = re.compile(r"\.(?P<region>[a-z]+(-[a-z]+)+-\d+)\.rds\.amazonaws\.com$")


def sign_rds_token(host: str, port: int, user: str) -> str:
    """The password of `user` for the next 15 minutes, made without asking anybody.

    Make one for each connection. Raises ConfigurationError without credentials or region.
    """
    scheme = "https://"
    signed = presigned_url(
        f"{scheme}{host}:{port}/",
        {"Action": "connect", "DBUser": user},
        lives_seconds=_LIVES_SECONDS,
        scope=Scope("rds-db", _region(host)),
        credentials=find_credentials(),
        at=current_time(),
    )
    return signed.removeprefix(scheme)


def _region(host: str) -> str:
    """The region that RDS puts into its names; a name of one's own is taken for one in this region."""
    named = _RDS_HOST.search(host)
    if named:
        return named["region"]
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise ConfigurationError(
            "AWS_REGION: set it, as the name in DATABASE_ENDPOINT does not tell the region."
        )
    return region
