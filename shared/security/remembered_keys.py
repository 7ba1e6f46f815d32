"""Keys that this process has asked the database for, known or unknown, for half a minute."""

import time
from collections.abc import Awaitable, Callable

from shared.domain.keys import StoredKey

# The time after which a key that was revoked opens nothing any more, anywhere.
REMEMBER_SECONDS = 30.0
_MOST = 10_000

type FindKey = Callable[[str], Awaitable[StoredKey | None]]


class RememberedKeys:
    """Those that do not exist are remembered apart, so that strangers drive out no key in use."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, most: int = _MOST) -> None:
        self._clock = clock
        self._most = most
        self._known: dict[str, tuple[StoredKey, float]] = {}
        self._unknown: dict[str, float] = {}

    def has(self, key_id: str) -> bool:
        """Whether the key is in use: known, without asking."""
        return key_id in self._known and self._known[key_id][1] > self._clock()

    async def find(self, key_id: str, find: FindKey) -> StoredKey | None:
        # From before the question: what is answered may have changed by the time it arrives.
        now = self._clock()
        if self.has(key_id):
            return self._known[key_id][0]
        if self._unknown.get(key_id, now) > now:
            return None
        found = await find(key_id)
        if found is None:
            self._known.pop(key_id, None)
            self._unknown[key_id] = now + REMEMBER_SECONDS
        else:
            self._known[key_id] = (found, now + REMEMBER_SECONDS)
        self._forget()
        return found

    def _forget(self) -> None:
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        while len(self._unknown) > self._most:
            del self._unknown[next(iter(self._unknown))]
