"""The one way to a search's rows: planned from what is remembered of a collection, anew when that is old."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from shared.database.units_of_work import Database
from shared.domain.filters import DOCUMENT_FIELDS, Conjunction
from shared.domain.principals import Principal
from shared.errors import CollectionNotFound
from shared.repositories.documents import start_metadata_fields
from shared.repositories.search import start_search
from shared.repositories.search_plan import FoundDocument, SearchPlan
from shared.services.collection_snapshots import KnownCollection, forget_collection, recall_collection
from shared.services.gone_documents import filter_of, show_passing
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
        plan = _seen_by(principal, await plan_for(known))
        rows = await _ask(database, principal, plan)
        if rows:
            return plan, rows
        forget_collection(database, collection)
    raise CollectionNotFound(details=[{"field": "collection", "message": f"no {collection}"}])


def _seen_by(principal: Principal, plan: SearchPlan) -> SearchPlan:
    """The plan, of what its caller may see. Raises UnknownField, and PermissionDenied for a filter of its."""
    if principal.sees_whole_collections:
        return plan
    if principal.fields is not None:
        _refuse_unknown(plan, principal.fields, of_documents=())
    tree = plan.tree
    if principal.filter is not None:
        own = filter_of(principal.filter)
        tree = own if tree is None else Conjunction((own, tree))
    return replace(plan, tree=tree, readers=principal.readers, of_readable=not principal.sees_all_documents)


def _refuse_unknown(plan: SearchPlan, known: Sequence[str], of_documents: Sequence[str]) -> None:
    refuse_unknown_fields(
        plan.tree,
        known,
        of_documents,
        facets=plan.facets,
        sort=plan.sort,
        group_by=plan.group_by,
        boosts=plan.boosts,
    )


def _shown(row: FoundDocument, fields: Sequence[str]) -> FoundDocument:
    """The row without metadata that does not exist for its caller."""
    known = {name: value for name, value in (row.metadata or {}).items() if name in fields}
    return row if row.metadata is None else row._replace(metadata=known)


async def _ask(database: Database, principal: Principal, plan: SearchPlan) -> list[FoundDocument]:
    # Which fields there are in documents that may not be read is not told.
    asks_for_fields = plan.names_fields and principal.sees_whole_collections
    # Read after the unit of work, so that its commit travels in the statements' own round trip.
    async with database.unit_of_work(principal) as unit:
        await show_passing(unit, principal, plan.facts.name)
        pending_fields = await start_metadata_fields(unit, plan.facts.name) if asks_for_fields else None
        pending_rows = await start_search(unit, plan)
    rows = await pending_rows.rows()
    # Without a row the collection is not what was remembered, and its fields are not its fields.
    if rows and pending_fields is not None:
        known = [field.name for field in await pending_fields.rows()]
        _refuse_unknown(plan, known, of_documents=DOCUMENT_FIELDS)
    return rows if principal.fields is None else [_shown(row, principal.fields) for row in rows]
