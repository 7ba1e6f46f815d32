"""What a source's run asks for next."""

from shared.database.rows import SourceItemRow, SourceRow
from shared.database.units_of_work import UnitOfWork
from shared.domain.fetches import (
    MOST_BYTES_IN_A_REQUEST,
    MOST_ITEMS_IN_A_REQUEST,
    FetchRequest,
    ItemToFetch,
    ListedItem,
)
from shared.domain.sources import SourceKind
from shared.observability import correlation_id
from shared.repositories import source_items, sources
from shared.repositories.sources import settings_of


async def begin_run(unit: UnitOfWork, source: SourceRow) -> FetchRequest:
    """The first request of a run that was just claimed. A page is its own listing."""
    if source.kind == SourceKind.PAGE and source.listed_run < source.run:
        await source_items.store_listed(unit, source, [ListedItem(key=source.url, url=source.url)])
        await sources.mark_listed(unit, source, whole=True)
        source = source._replace(listed_run=source.run)
    return await next_request(unit, source)


async def next_request(unit: UnitOfWork, source: SourceRow) -> FetchRequest:
    """Its listing, when that is not known yet; else its next items, which are none at the end."""
    request = FetchRequest(
        collection_id=source.collection_id,
        source_id=source.id,
        run=source.run,
        batch=source.batch,
        kind=SourceKind(source.kind),
        settings=settings_of(source),
        correlation_id=correlation_id(),
    )
    if source.listed_run < source.run:
        listing = ItemToFetch(
            key=source.url,
            url=source.url,
            etag=source.etag,
            last_modified=source.last_modified,
            content_hash=source.content_hash,
        )
        return request.model_copy(update={"listing": listing})
    items = await source_items.next_items(unit, source, MOST_ITEMS_IN_A_REQUEST)
    return request.model_copy(update={"items": _fitting(items)})


def _fitting(rows: list[SourceItemRow]) -> list[ItemToFetch]:
    """As many as a message holds."""
    items: list[ItemToFetch] = []
    room = MOST_BYTES_IN_A_REQUEST
    for row in rows:
        item = _item(row)
        room -= len(item.model_dump_json())
        if room < 0:
            break
        items.append(item)
    return items


def _item(row: SourceItemRow) -> ItemToFetch:
    """What is not stored yet is asked for without conditions."""
    if row.content_hash is None:
        return ItemToFetch(key=row.key, url=row.url)
    return ItemToFetch(
        key=row.key,
        url=row.url,
        etag=row.etag,
        last_modified=row.last_modified,
        content_hash=row.content_hash,
    )
