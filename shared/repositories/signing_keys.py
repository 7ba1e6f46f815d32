"""Public keys of the issuer of JWTs."""

import json
from collections.abc import Sequence
from datetime import datetime

from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.signing_keys import SigningKey

SQL = SqlFile("shared.repositories.sql", "signing_keys")

# So long a key is good that its issuer no longer publishes: the tokens that it has signed last run out.
GRACE_SECONDS = 3_600


async def list_signing_keys(unit: UnitOfWork, issuer: str) -> list[SigningKey]:
    """Those that verify tokens now."""
    return await unit.rows(SQL["list_signing_keys"], SigningKey, issuer=issuer, grace_seconds=GRACE_SECONDS)


async def store_signing_keys(
    unit: UnitOfWork, issuer: str, keys: Sequence[SigningKey], fetched_at: datetime
) -> None:
    """The set takes the place of the one before it, unless that was fetched later."""
    await unit.send(
        SQL["store_signing_keys"],
        issuer=issuer,
        kids=[key.kid for key in keys],
        algorithms=[key.algorithm for key in keys],
        jwks=[json.dumps(key.jwk) for key in keys],
        fetched_at=fetched_at,
    )
    await unit.send(SQL["retire_signing_keys"], issuer=issuer)
    await unit.send(SQL["forget_signing_keys"], grace_seconds=GRACE_SECONDS)
