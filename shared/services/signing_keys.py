"""Keep the issuer's keys, and remember them where tokens are verified."""

import time
from collections.abc import Callable, Mapping

from jwt import PyJWK

from shared.database.units_of_work import Database
from shared.domain.principals import WORKER, Principal
from shared.domain.signing_keys import FetchedKeySet
from shared.errors import DatabaseUnavailable, InvalidRequest
from shared.repositories import signing_keys
from shared.security.signing_keys import read_key_set, verifying_key

# A key that is new, or good no more, is known everywhere after this.
REMEMBERED_SECONDS = 30.0
# So long those remembered do while the database does not answer.
_LONGEST_SECONDS = 300.0


async def store_key_set(
    database: Database, principal: Principal, fetched: FetchedKeySet, *, issuer: str | None
) -> None:
    """Put what was fetched in the place of what was there.

    Raises InvalidRequest for another issuer's set and for one without a key that is taken.
    """
    if fetched.issuer != issuer:
        raise InvalidRequest("The set of keys is not one of JWT_ISSUER.")
    keys = read_key_set(fetched.keys)
    async with database.unit_of_work(principal) as unit:
        await signing_keys.store_signing_keys(unit, fetched.issuer, keys, fetched.fetched_at)


class RememberedKeySet:
    """The stored keys of one issuer, as of half a minute ago at most."""

    def __init__(self, issuer: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._read_at = float("-inf")

    async def read(self, database: Database) -> Mapping[str, PyJWK]:
        """What verifies, by id. Raises DatabaseUnavailable when what is remembered is too old."""
        age = self._clock() - self._read_at
        if age > REMEMBERED_SECONDS:
            try:
                async with database.unit_of_work(WORKER) as unit:
                    found = await signing_keys.list_signing_keys(unit, self._issuer)
            except DatabaseUnavailable:
                if age > _LONGEST_SECONDS:
                    raise
                return self._keys
            self._keys = {key.kid: verifying_key(key) for key in found}
            self._read_at = self._clock()
        return self._keys
