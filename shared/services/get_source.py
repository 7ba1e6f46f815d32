"""One source, with what it did."""

from typing import NamedTuple

from shared.database.rows import SourceItemRow, SourceRow, SourceRunRow
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories import source_items, sources
from shared.repositories.collections import find_collection
from shared.repositories.source_items import ItemCounts

RUNS_SHOWN = 10
FAILING_SHOWN = 100


class SourceHistory(NamedTuple):
    source: SourceRow
    counts: ItemCounts
    runs: list[SourceRunRow]
    failing: list[SourceItemRow]


async def get_source(
    database: Database, principal: Principal, collection: str, source_id: str
) -> SourceHistory:
    """Raises CollectionNotFound, SourceNotFound."""
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        source = await sources.find_source(unit, found.id, source_id)
        return SourceHistory(
            source,
            await source_items.count_items(unit, source),
            await sources.list_runs(unit, source, RUNS_SHOWN),
            await source_items.list_failing(unit, source, FAILING_SHOWN),
        )
