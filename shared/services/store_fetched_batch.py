"""Take the outcome of a batch out of the bucket, and go on with its source's run."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import batched

from shared.cache.protocol import Cache
from shared.database.rows import SourceRow
from shared.database.units_of_work import Database
from shared.domain.fetches import FILES, BatchOutcome, ItemOutcome, ListedItem, ListingOutcome
from shared.domain.principals import Principal
from shared.domain.sources import SourceKind
from shared.errors import ObjectNotFound, SourceNotFound
from shared.observability import correlated
from shared.queues.fetch_queue import FetchQueue
from shared.queues.protocol import WriteQueues
from shared.repositories import source_items, sources
from shared.repositories.collections import find_name
from shared.repositories.sources import settings_of
from shared.services.finish_source_run import fail_source_run, finish_source_run
from shared.services.refresh_sources import LEASE_SECONDS, send
from shared.services.source_requests import next_request
from shared.services.store_source_items import ItemStore
from shared.storage.protocol import ObjectStorage

_LISTED_PER_UNIT = 1_000
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class FetchedBatches:
    """Stores batches as their outcomes arrive, each as often as it does: the second time changes nothing."""

    database: Database
    cache: Cache
    queues: WriteQueues
    fetch_queue: FetchQueue
    storage: ObjectStorage
    principal: Principal

    async def store(self, key: str, *, deadline: float) -> None:
        """The outcome of that key, removed with its files when it is stored.

        Raises StorageUnavailable, DatabaseUnavailable; what is left then is taken up when the lease ends.
        """
        try:
            outcome = BatchOutcome.model_validate_json(await self.storage.get(key))
        except ObjectNotFound:
            return
        with correlated(outcome.correlation_id):
            found = await self._find(outcome)
            if found is not None:
                await self._store(outcome, *found, deadline=deadline)
        files = [item.file for item in outcome.items if item.file]
        await self.storage.delete([*files, key])

    async def _find(self, outcome: BatchOutcome) -> tuple[str, SourceRow] | None:
        """The collection's name and the source; None when the run is over or they are gone."""
        async with self.database.unit_of_work(self.principal) as unit:
            name = await find_name(unit, outcome.collection_id)
            with suppress(SourceNotFound):
                source = await sources.find_source(unit, outcome.collection_id, outcome.source_id)
                if name is not None and source.run == outcome.run and source.claimed_until is not None:
                    return name, source
        return None

    async def _store(
        self, outcome: BatchOutcome, collection: str, source: SourceRow, *, deadline: float
    ) -> None:
        store = ItemStore(
            self.database, self.cache, self.queues, self.storage, self.principal, collection, source
        )
        listing = outcome.listing
        if listing is not None and source.listed_run < source.run:
            if listing.problem is not None:
                await fail_source_run(
                    self.database,
                    self.principal,
                    source,
                    listing.problem.message,
                    retry_after_seconds=listing.problem.retry_after_seconds,
                )
                return
            source = await self._store_listing(store, listing)
        await store.store(outcome.items)
        await self._go_on(collection, source, outcome.batch, deadline=deadline)

    async def _store_listing(self, store: ItemStore, listing: ListingOutcome) -> SourceRow:
        """The source, as one that has been listed."""
        source = store.source
        has_content = source.kind == SourceKind.FEED and settings_of(source).content == "entry"
        if listing.items is None:
            async with self.database.unit_of_work(self.principal) as unit:
                ask = source.kind != SourceKind.S3_PREFIX and not has_content
                await source_items.keep_listed(unit, source, ask=ask)
        for group in batched(listing.items or [], _LISTED_PER_UNIT):
            async with self.database.unit_of_work(self.principal) as unit:
                await source_items.store_listed(unit, source, group)
            if has_content:
                await self._store_contents(store, group)
        async with self.database.unit_of_work(self.principal) as unit:
            known = listing.items is None
            await sources.mark_listed(
                unit,
                source,
                whole=listing.complete,
                etag=listing.etag or (source.etag if known else None),
                last_modified=listing.last_modified or (source.last_modified if known else None),
                content_hash=listing.content_hash,
            )
            return await sources.find_source(unit, source.collection_id, source.id)

    async def _store_contents(self, store: ItemStore, items: Sequence[ListedItem]) -> None:
        """What the listing itself has of its items, put where fetched files lie."""
        source = store.source
        async with self.database.unit_of_work(self.principal) as unit:
            waiting = await source_items.find_items(unit, source, [item.key for item in items])
        outcomes = []
        folder = f"{FILES}{source.collection_id}/{source.id}/{source.run}-entries"
        for place, item in enumerate(items):
            content = (item.content or "").encode()
            digest = hashlib.sha256(f"{item.title}\n{item.url}\n".encode() + content).hexdigest()
            known = waiting.get(item.key)
            is_same = known is not None and known.content_hash == digest
            file = None if is_same or known is None else f"{folder}/{place}"
            if file is not None:
                await self.storage.put(file, _page(content), "application/octet-stream")
            outcomes.append(
                ItemOutcome(
                    key=item.key,
                    state="same" if file is None else "fetched",
                    url=item.url,
                    content_hash=digest,
                    file=file,
                    name="entry.html" if _has_markup(content) else "entry.txt",
                )
            )
        await store.store(outcomes)
        await self.storage.delete([outcome.file for outcome in outcomes if outcome.file])

    async def _go_on(self, collection: str, source: SourceRow, batch: int, *, deadline: float) -> None:
        """Send the run's next message, or end it; a batch that has been followed already does neither."""
        async with self.database.unit_of_work(self.principal) as unit:
            followed = source._replace(batch=batch)
            ahead = await sources.next_batch(unit, followed, lease_seconds=LEASE_SECONDS)
            if ahead is None:
                return
            request = await next_request(unit, ahead)
        if request.items:
            await send(self.fetch_queue, [request])
            return
        await finish_source_run(
            self.database,
            self.cache,
            self.queues.maintain,
            self.principal,
            collection,
            ahead,
            deadline=deadline,
        )


def _has_markup(content: bytes) -> bool:
    return b"<" in content or b"&" in content


def _page(content: bytes) -> bytes:
    """In UTF-8, with the mark that says so."""
    if not _has_markup(content):
        return _MARK + content
    return _MARK + b"<html><body><main>" + content + b"</main></body></html>"
