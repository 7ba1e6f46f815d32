"""Fetch an issuer's keys and send them to where they are stored."""

from datetime import UTC, datetime

from shared.domain.signing_keys import FetchedKeySet
from shared.fetching.key_sets import KeySets
from shared.queues.key_set_queue import KeySetQueue


async def fetch_key_set(key_sets: KeySets, queue: KeySetQueue, *, issuer: str | None, url: str | None) -> int:
    """How many keys were sent; none without an issuer. Raises FetchFailed, QueueUnavailable."""
    if issuer is None:
        return 0
    asked_at = datetime.now(UTC)
    keys = await key_sets.fetch(issuer, url)
    await queue.send([FetchedKeySet.of(issuer, asked_at, keys)])
    return len(keys)
