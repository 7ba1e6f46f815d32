"""What this process remembers of collections, so that a search is one round trip.

A search's statement says whether a memory is still right; one that is not costs a second round trip.
"""

from typing import NamedTuple
from weakref import WeakKeyDictionary

from shared.database.units_of_work import Database
from shared.domain.collection_settings import CollectionSettings
from shared.domain.principals import Principal
from shared.errors import CollectionNotFound
from shared.repositories.search import start_facts
from shared.repositories.search_plan import CollectionFacts

_MOST_REMEMBERED = 1_000
_snapshots: "WeakKeyDictionary[Database, dict[str, KnownCollection]]" = WeakKeyDictionary()


class KnownCollection(NamedTuple):
    """What is known of a collection, and its settings, read."""

    facts: CollectionFacts
    settings: CollectionSettings


async def recall_collection(database: Database, principal: Principal, name: str) -> KnownCollection:
    """The collection as it is remembered, or as it is. Raises CollectionNotFound."""
    remembered = _snapshots.setdefault(database, {})
    known = remembered.get(name)
    if known is None:
        async with database.unit_of_work(principal) as unit:
            pending = await start_facts(unit, name)
        facts = await pending.row()
        if facts is None:
            raise CollectionNotFound(details=[{"field": "collection", "message": f"no {name}"}])
        if len(remembered) >= _MOST_REMEMBERED:
            remembered.clear()
        known = remembered[name] = KnownCollection(facts, CollectionSettings.model_validate(facts.settings))
    return known


def forget_collection(database: Database, name: str) -> None:
    """Read it anew the next time."""
    _snapshots.setdefault(database, {}).pop(name, None)
