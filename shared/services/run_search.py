"""The one way to a search's rows: planned from what is remembered of a collection, anew when that is old."""

from collections.abc import Awaitable, Callable

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.errors import CollectionNotFound
from shared.repositories.documents import start_metadata_fields
from shared.repositories.search import start_search
from shared.repositories.search_plan import FoundDocument, SearchPlan
from shared.services.collection_snapshots import KnownCollection, forget_collection, recall_collection
from shared.services.known_fields import refuse_unknown_fields

# A collection that changes under search after search is given up like one that is gone.
_ATTEMPTS = 3


async def run_search(
    database: Database,
    principal: Principal,
    collection: str,
    plan_for: Callable[[KnownCollection], Awaitable[SearchPlan]],
    *,
    of_other_space: bool = False,
) -> tuple[SearchPlan, list[FoundDocument]]:
    """The plan that was carried out, and its rows, of which there is one at least.

    Raises CollectionNotFound, UnknownField, NotFound and what `plan_for` does.
    """
    for _ in range(_ATTEMPTS):
        known = await recall_collection(database, principal, collection, of_other_space=of_other_space)
        plan = await plan_for(known)
        rows = await _ask(database, principal, plan)
        if rows:
            return plan, rows
        forget_collection(database, collection)
    raise CollectionNotFound(details=[{"field": "collection", "message": f"no {collection}"}])


async def _ask(database: Database, principal: Principal, plan: SearchPlan) -> list[FoundDocument]:
    # Read after the unit of work, so that its commit travels in the statements' own round trip.
    async with database.unit_of_work(principal) as unit:
        pending_fields = await start_metadata_fields(unit, plan.facts.name) if plan.names_fields else None
        pending_rows = await start_search(unit, plan)
    rows = await pending_rows.rows()
    # Without a row the collection is not what was remembered, and its fields are not its fields.
    if rows and pending_fields is not None:
        refuse_unknown_fields(
            plan.tree,
            [field.name for field in await pending_fields.rows()],
            facets=plan.facets,
            sort=plan.sort,
            group_by=plan.group_by,
            boosts=plan.boosts,
        )
    return rows
