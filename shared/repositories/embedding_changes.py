"""Changes of a collection's embedding space: their state, and the documents that lack vectors meanwhile."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.database.rows import EmbeddingBackfillRow, EmbeddingChangeRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.errors import CollectionNotFound
from shared.repositories.embedding_jobs import MAX_ATTEMPTS, UnembeddedChunk, UnembeddedSpan, read_spans

SQL = SqlFile("shared.repositories.sql", "embedding_changes")


class FoundChange(NamedTuple):
    """A collection's change, if it has one, with what is done and what is left.

    `unread` is of documents that nobody has looked at, `waiting` of those that are known to lack vectors.
    """

    collection_id: int
    collection: str
    state: str | None
    rate: float | None
    started_at: datetime | None
    changed_at: datetime | None
    serving_space_id: int
    serving_model: str
    serving_dimensions: int
    old_space_id: int | None
    old_model: str | None
    old_dimensions: int | None
    new_space_id: int | None
    new_model: str | None
    new_dimensions: int | None
    unread: int | None
    waiting: int
    failed: int
    error: str | None
    chunks: int
    old_vectors: int
    new_vectors: int
    own_vectors: bool


class MeasuredTexts(NamedTuple):
    """What a collection has to embed, and bodies of some of its documents."""

    documents: int
    chunks: int
    characters: int
    sample: list[str]


class SpaceToClean(NamedTuple):
    collection_id: int
    space_id: int


class _Id(NamedTuple):
    collection_id: int


class _Documents(NamedTuple):
    documents: int


class _Vectors(NamedTuple):
    vectors: int


class _Pause(NamedTuple):
    seconds: float


class _Lacks(NamedTuple):
    lacks: bool


async def find(unit: UnitOfWork, name: str) -> FoundChange:
    """Raises CollectionNotFound."""
    found = await unit.row(SQL["find_change"], FoundChange, name=name, max_attempts=MAX_ATTEMPTS)
    if found is None:
        raise CollectionNotFound(details=[{"field": "collection", "message": f"no {name}"}])
    return found


async def measure_texts(unit: UnitOfWork, collection_id: int) -> MeasuredTexts:
    (measured,) = await unit.rows(SQL["measure_texts"], MeasuredTexts, collection_id=collection_id)
    return measured


async def start(unit: UnitOfWork, collection_id: int, space: EmbeddingSpace, rate: float | None) -> bool:
    """False when another change is under way."""
    started = await unit.row(
        SQL["start_change"],
        _Id,
        collection_id=collection_id,
        model=space.model,
        dimensions=space.dimensions,
        rate=rate,
    )
    return started is not None


async def set_rate(unit: UnitOfWork, collection_id: int, rate: float | None) -> None:
    await unit.send(SQL["set_rate"], collection_id=collection_id, rate=rate)


async def lock(unit: UnitOfWork, collection_id: int) -> EmbeddingChangeRow | None:
    """The change, for this unit of work alone."""
    return await unit.row(SQL["lock_change"], EmbeddingChangeRow, collection_id=collection_id)


async def set_state(unit: UnitOfWork, collection_id: int, state: str) -> None:
    await unit.send(SQL["set_state"], collection_id=collection_id, state=state)


async def serve(unit: UnitOfWork, collection_id: int, space_id: int) -> None:
    """Searches that start from the commit on are in that space."""
    await unit.send(SQL["serve_space"], collection_id=collection_id, space_id=space_id)


async def lacks_index(unit: UnitOfWork, collection_id: int, space_id: int) -> bool:
    """Whether the collection is searched by an index that it does not have in that space."""
    (found,) = await unit.rows(SQL["compare_indexes"], _Lacks, collection_id=collection_id, space_id=space_id)
    return found.lacks


async def lock_due(
    unit: UnitOfWork, spaces: Sequence[EmbeddingSpace], passed_over: Sequence[int]
) -> EmbeddingChangeRow | None:
    """A change to one of these spaces that may go on; nobody else takes documents of it meanwhile."""
    return await unit.row(
        SQL["find_due_change"],
        EmbeddingChangeRow,
        models=[space.model for space in spaces],
        dimensions=[space.dimensions for space in spaces],
        passed_over=list(passed_over),
        max_attempts=MAX_ATTEMPTS,
    )


async def seconds_to_pause(unit: UnitOfWork) -> float | None:
    """Until a change that has come to its rate may go on; None when none has."""
    pause = await unit.row(SQL["find_pause"], _Pause)
    return None if pause is None else pause.seconds


async def claim(
    unit: UnitOfWork, collection_id: int, limit: int, lease_seconds: float
) -> list[EmbeddingBackfillRow]:
    """Documents to work on: those that were noted, the next unread ones, or one that was taken before."""
    wanted = {"collection_id": collection_id, "lease_seconds": lease_seconds}
    noted = {**wanted, "max_attempts": MAX_ATTEMPTS}
    return (
        await unit.rows(SQL["claim_noted"], EmbeddingBackfillRow, **noted, retried=False, limit=limit)
        or await unit.rows(SQL["claim_unread"], EmbeddingBackfillRow, **wanted, limit=limit)
        or await unit.rows(SQL["claim_noted"], EmbeddingBackfillRow, **noted, retried=True, limit=1)
    )


async def find_lacking(
    unit: UnitOfWork, collection_id: int, claims: Sequence[EmbeddingBackfillRow]
) -> list[UnembeddedChunk]:
    """A chunk once for each space in which it has no vector."""
    spans = await unit.rows(
        SQL["find_lacking_chunks"],
        UnembeddedSpan,
        collection_id=collection_id,
        document_numbers=[claim.document_number for claim in claims],
    )
    return read_spans(spans)


async def pace(unit: UnitOfWork, collection_id: int, chunks: int) -> None:
    await unit.send(SQL["pace"], collection_id=collection_id, chunks=chunks)


async def hold(unit: UnitOfWork, collection_id: int) -> None:
    """Keep the change as it is until the unit of work ends."""
    await unit.send(SQL["hold_change"], collection_id=collection_id)


async def finish(unit: UnitOfWork, collection_id: int, claims: Sequence[EmbeddingBackfillRow]) -> None:
    """The documents have their vectors; those that were written meanwhile are looked at again."""
    await _lock_claimed(unit, collection_id, claims)
    await unit.send(SQL["finish_documents"], collection_id=collection_id, **_keys(claims))


async def release(
    unit: UnitOfWork,
    collection_id: int,
    claims: Sequence[EmbeddingBackfillRow],
    *,
    error: str | None,
    final: bool,
) -> None:
    """Give claims back: to be tried again, or as failed when that cannot help."""
    await _lock_claimed(unit, collection_id, claims)
    await unit.send(
        SQL["release_documents"],
        collection_id=collection_id,
        error=error,
        final=final,
        max_attempts=MAX_ATTEMPTS,
        **_keys(claims),
    )


async def count_waiting(unit: UnitOfWork, collection_id: int) -> int:
    """Documents that are known to lack a vector and have not failed."""
    (found,) = await unit.rows(
        SQL["count_waiting"], _Documents, collection_id=collection_id, max_attempts=MAX_ATTEMPTS
    )
    return found.documents


async def note_stragglers(unit: UnitOfWork, collection_id: int, *, serving: int, other: int) -> int:
    """Note documents with vectors in the serving space alone; returns how many were not noted before."""
    noted = await unit.rows(
        SQL["note_stragglers"],
        EmbeddingBackfillRow,
        collection_id=collection_id,
        serving_space_id=serving,
        other_space_id=other,
    )
    return len(noted)


async def find_cleaning(unit: UnitOfWork) -> list[SpaceToClean]:
    return await unit.rows(SQL["find_cleaning"], SpaceToClean)


async def drop_index(unit: UnitOfWork, space: SpaceToClean) -> None:
    await unit.send(SQL["drop_space_index"], **space._asdict())


async def clean(unit: UnitOfWork, space: SpaceToClean, limit: int) -> int:
    """Delete up to `limit` vectors; returns how many."""
    (cleaned,) = await unit.rows(SQL["clean_vectors"], _Vectors, **space._asdict(), limit=limit)
    return cleaned.vectors


async def finish_cleaning(unit: UnitOfWork, collection_id: int) -> None:
    await unit.send(SQL["finish_cleaning"], collection_id=collection_id)


async def forget_backfill(unit: UnitOfWork, collection_id: int) -> None:
    await unit.send(SQL["forget_backfill"], collection_id=collection_id)


async def _lock_claimed(unit: UnitOfWork, collection_id: int, claims: Sequence[EmbeddingBackfillRow]) -> None:
    """In the order of their numbers, so that two workers never wait for each other."""
    numbers = [claim.document_number for claim in claims]
    await unit.send(SQL["lock_backfill"], collection_id=collection_id, document_numbers=numbers)


def _keys(claims: Sequence[EmbeddingBackfillRow]) -> dict[str, object]:
    return {
        "document_numbers": [claim.document_number for claim in claims],
        "claims": [claim.claimed_until for claim in claims],
    }
