"""What this process remembers of collections, so that a search is one round trip.

A search's statement says whether a memory is still right; one that is not costs a second round trip.
"""

from typing import NamedTuple
from weakref import WeakKeyDictionary

from shared.database.units_of_work import Database
from shared.domain.collection_settings import CollectionSettings
from shared.domain.deletions import Gone
from shared.domain.principals import Principal
from shared.errors import CollectionNotFound, NotFound
from shared.repositories.search import start_facts
from shared.repositories.search_plan import CollectionFacts
from shared.services.gone_documents import read_gone

_MOST_REMEMBERED = 1_000
# By name, and whether they are of the space that a collection changes from or to.
type _Memory = dict[tuple[str, bool], KnownCollection]
_snapshots: "WeakKeyDictionary[Database, _Memory]" = WeakKeyDictionary()


class KnownCollection(NamedTuple):
    """What is known of a collection; its settings, and what is gone of it, read."""

    facts: CollectionFacts
    settings: CollectionSettings
    gone: Gone


async def recall_collection(
    database: Database, principal: Principal, name: str, *, of_other_space: bool = False
) -> KnownCollection:
    """The collection as it is remembered, or as it is. Raises CollectionNotFound, NotFound."""
    remembered = _snapshots.setdefault(database, {})
    known = remembered.get((name, of_other_space))
    if known is None:
        async with database.unit_of_work(principal) as unit:
            pending = await start_facts(unit, name, of_other_space=of_other_space)
        facts = await pending.row()
        if facts is None and of_other_space:
            raise NotFound(
                "The collection is not changing its embedding model.",
                details=[{"field": "space", "message": f"{name} has no other"}],
            )
        if facts is None:
            raise CollectionNotFound(details=[{"field": "collection", "message": f"no {name}"}])
        if len(remembered) >= _MOST_REMEMBERED:
            remembered.clear()
        settings = CollectionSettings.model_validate(facts.settings)
        known = KnownCollection(facts, settings, read_gone(facts.gone))
        remembered[name, of_other_space] = known
    return known


def forget_collection(database: Database, name: str) -> None:
    """Read it anew the next time."""
    remembered = _snapshots.setdefault(database, {})
    for of_other_space in (False, True):
        remembered.pop((name, of_other_space), None)
