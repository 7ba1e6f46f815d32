"""Change the embedding model of a collection while it is searched: plan, start, switch and clean up."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from shared.cache.protocol import Cache
from shared.chunking.token_estimate import estimate_tokens
from shared.database.rows import EmbeddingChangeRow
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.cache_scopes import scopes_of
from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.embedding_spaces import EmbeddingSpace, WantedChange
from shared.domain.principals import Principal
from shared.embeddings.prices import DOLLARS_PER_MILLION_TOKENS, PRICES_OF
from shared.errors import Conflict, InvalidRequest, NotFound, QueueUnavailable
from shared.queues.protocol import EmbedQueue
from shared.repositories import embedding_changes as changes
from shared.repositories.collections import find_collection
from shared.repositories.embedding_changes import FoundChange, SpaceToClean
from shared.services.clean_space import clean_space
from shared.services.get_embedding import get_embedding

# Without a cap, about what the local model does on two cores.
ASSUMED_CHUNKS_PER_SECOND = 100.0
# Workers that are woken at once, where no cap says how fast is fast enough.
WORKERS = 10
_MILLION = 1_000_000
_OVER = ("cleaning", "cleaned")


class ChangePlan(NamedTuple):
    """What a change would embed, cost and take. No dollars where the price is not known."""

    model: str
    dimensions: int
    documents: int
    chunks: int
    tokens: int
    dollars_per_million_tokens: float | None
    prices_of: str | None
    dollars: float | None
    chunks_per_second: float
    minutes: float


async def plan_change(
    database: Database,
    principal: Principal,
    collection: str,
    space: EmbeddingSpace,
    *,
    rate: float | None = None,
    price: float | None = None,
) -> ChangePlan:
    """`rate` in chunks per second, `price` in dollars per million tokens.

    Raises CollectionNotFound, Conflict.
    """
    async with database.unit_of_work(principal) as unit:
        found = await changes.find(unit, collection)
        _refuse_own_vectors(found)
        measured = await changes.measure_texts(unit, found.collection_id)
    characters = sum(map(len, measured.sample))
    tokens = 0
    if characters:
        tokens = round(sum(map(estimate_tokens, measured.sample)) / characters * measured.characters)
    known = DOLLARS_PER_MILLION_TOKENS.get(space.model)
    used = known if price is None else price
    speed = rate or ASSUMED_CHUNKS_PER_SECOND
    return ChangePlan(
        model=space.model,
        dimensions=space.dimensions,
        documents=measured.documents,
        chunks=measured.chunks,
        tokens=tokens,
        dollars_per_million_tokens=used,
        prices_of=PRICES_OF if price is None and known is not None else None,
        dollars=None if used is None else round(tokens / _MILLION * used, 4),
        chunks_per_second=speed,
        minutes=round(measured.chunks / speed / 60, 2),
    )


async def start_change(
    database: Database,
    queue: EmbedQueue,
    principal: Principal,
    collection: str,
    space: EmbeddingSpace,
    configured: Sequence[EmbeddingSpace],
    *,
    rate: float | None = None,
) -> FoundChange:
    """Begin to give the collection vectors of `space`, or go on with that, at another rate perhaps.

    Raises CollectionNotFound, InvalidRequest, Conflict.
    """
    if space not in configured:
        known = ", ".join(f"{one.model} ({one.dimensions})" for one in configured)
        message = f"this deployment has {known}: set EMBEDDING_NEXT_MODEL and what belongs to it"
        raise InvalidRequest(details=[{"field": "model", "message": message}])
    async with database.unit_of_work(principal) as unit:
        found = await changes.find(unit, collection)
        _refuse_own_vectors(found)
        is_under_way = found.state is not None and found.state not in _OVER
        if is_under_way and (found.new_model, found.new_dimensions) == space:
            await changes.set_rate(unit, found.collection_id, rate)
        elif (found.serving_model, found.serving_dimensions) == space:
            message = f"{collection} is searched with {space.model} ({space.dimensions}) already"
            raise InvalidRequest(details=[{"field": "model", "message": message}])
        elif not await changes.start(unit, found.collection_id, space, rate):
            raise Conflict(
                f"A change to {found.new_model} ({found.new_dimensions}) is {found.state}: clean it up first."
            )
        started = await changes.find(unit, collection)
    # A message without documents wakes a worker, who looks for what is due.
    with suppress(QueueUnavailable):
        await queue.send([EmbedRequest(started.collection_id, ())] * (WORKERS if rate is None else 1))
    return started


async def begin_change(
    database: Database,
    queue: EmbedQueue,
    principal: Principal,
    collection: str,
    wanted: WantedChange,
    configured: Sequence[EmbeddingSpace],
) -> tuple[ChangePlan | None, FoundChange]:
    """Start a change, or only plan it, and tell how it stands. Raises what these do."""
    space, rate = wanted.space, wanted.rate
    if wanted.dry_run:
        plan = await plan_change(database, principal, collection, space, rate=rate, price=wanted.price)
        return plan, await get_embedding(database, principal, collection)
    return None, await start_change(database, queue, principal, collection, space, configured, rate=rate)


async def switch_space(
    database: Database, cache: Cache, principal: Principal, collection: str, *, to_new: bool
) -> FoundChange:
    """Serve the new space, or the old one again; at once, and for whole searches.

    Raises CollectionNotFound, NotFound, Conflict.
    """
    async with database.unit_of_work(principal) as unit:
        found = await changes.find(unit, collection)
        change = await _lock(unit, found)
        serves_new = change.state == "switched"
        refusal = await _refusal(unit, change) if to_new and not serves_new else None
        if refusal is None and to_new is not serves_new:
            space_id = change.new_space_id if to_new else change.old_space_id
            await changes.serve(unit, found.collection_id, space_id)
            await changes.set_state(unit, found.collection_id, "switched" if to_new else "rolled_back")
        switched = await changes.find(unit, collection)
        known_as = (await find_collection(unit, collection)).known_as
    if refusal is not None:
        # Only now, as what was found to lack vectors is noted.
        raise Conflict(refusal)
    await cache.invalidate(*scopes_of(known_as))
    return switched


async def clean_up_change(
    database: Database, principal: Principal, collection: str, *, seconds: float
) -> FoundChange:
    """Give up the space that does not serve; what is not deleted within `seconds`, maintenance deletes.

    Raises CollectionNotFound, NotFound.
    """
    deadline = time.monotonic() + seconds
    async with database.unit_of_work(principal) as unit:
        found = await changes.find(unit, collection)
        change = await _lock(unit, found)
        await changes.set_state(unit, found.collection_id, "cleaning")
        await changes.forget_backfill(unit, found.collection_id)
    unused_id = change.old_space_id if change.state == "switched" else change.new_space_id
    unused = SpaceToClean(found.collection_id, unused_id)
    await clean_space(database, principal, unused, deadline=deadline)
    return await get_embedding(database, principal, collection)


def _refuse_own_vectors(found: FoundChange) -> None:
    if found.own_vectors:
        raise Conflict(
            f"The vectors of {found.collection} come with its documents: for those of another model make"
            " another collection, and let an alias name it."
        )


async def _lock(unit: UnitOfWork, found: FoundChange) -> EmbeddingChangeRow:
    change = await changes.lock(unit, found.collection_id)
    if change is None or change.state in _OVER:
        raise NotFound(
            "The collection is not changing its embedding model.",
            details=[{"field": "collection", "message": f"{found.collection} has one model"}],
        )
    return change


async def _refusal(unit: UnitOfWork, change: EmbeddingChangeRow) -> str | None:
    """Why the new space cannot serve yet."""
    collection_id = change.collection_id
    if change.state == "backfilling":
        return "The new vectors are not complete."
    noted = await changes.note_stragglers(
        unit, collection_id, serving=change.old_space_id, other=change.new_space_id
    )
    waiting = await changes.count_waiting(unit, collection_id)
    if noted or waiting:
        return f"{waiting} documents written lately wait for their new vectors: try again in a moment."
    if await changes.lacks_index(unit, collection_id, change.new_space_id):
        return "The new vectors have no index yet: maintenance builds it, or `concord index` does."
    return None
