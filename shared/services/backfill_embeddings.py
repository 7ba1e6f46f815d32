"""Give the documents of a changing collection the vectors that they lack in either of its spaces."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from shared.database.rows import EmbeddingBackfillRow, EmbeddingChangeRow
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.principals import Principal
from shared.domain.usage import today
from shared.embeddings.model_change import spaces_of
from shared.embeddings.protocol import Embedder
from shared.errors import ConcordError, EmbedderRejected
from shared.observability import Event, describe_error, logger
from shared.repositories import embedding_changes as changes
from shared.repositories import embedding_jobs as jobs
from shared.repositories.embedding_jobs import UnembeddedChunk
from shared.repositories.usage import count_document_tokens
from shared.services.chunk_vectors import vectors_of
from shared.services.document_budget import tokens_by_writer
from shared.services.embed_chunks import (
    CHUNKS_PER_STEP,
    DOCUMENTS_PER_CLAIM,
    LEASE_SECONDS,
    LONGEST_REASON,
    EmbedRun,
)

# Of a slow change no more is taken than it may have in so many seconds: others see its progress, too.
_SECONDS_PER_CLAIM = 10.0
# A pause ends in time for documents written meanwhile.
_LONGEST_PAUSE_SECONDS = 1.0


class _Taken(NamedTuple):
    """Documents of one collection, and what they lack."""

    collection_id: int
    claims: Sequence[EmbeddingBackfillRow]
    chunks: Sequence[UnembeddedChunk]

    def part(self, start: int, end: int | None) -> "_Taken":
        claims = self.claims[start:end]
        numbers = {claim.document_number for claim in claims}
        chunks = [chunk for chunk in self.chunks if chunk.document_number in numbers]
        return _Taken(self.collection_id, claims, chunks)


class BackfillRun:
    """One worker's share, until nothing is due or its time is up; first vectors always go before."""

    def __init__(
        self,
        database: Database,
        embedder: Embedder,
        principal: Principal,
        first_vectors: EmbedRun,
        *,
        deadline: float,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._database = database
        self._embedder = embedder
        self._spaces = spaces_of(embedder)
        self._principal = principal
        self._first_vectors = first_vectors
        self._deadline = deadline
        self._lease_seconds = lease_seconds
        # Chunks that were given a vector; one that lacked two counts twice.
        self.chunks = 0

    async def backfill_due(self) -> None:
        """Raises EmbedderUnavailable."""
        passed_over: list[int] = []
        while await self._may_go_on():
            taken = await self._take(passed_over)
            if taken is None and not await self._pause():
                return
            if taken is not None and not taken.claims:
                passed_over.append(taken.collection_id)
                continue
            if taken is not None:
                await self._embed_taken(taken)
            passed_over.clear()
            await self._first_vectors.embed_pending()

    async def embed_rest(self) -> None:
        """Whatever is due, after messages were worked off: what it meets is told, and left for later."""
        try:
            await self._first_vectors.embed_due()
            await self.backfill_due()
        except Exception as error:  # noqa: BLE001 - the messages are done, whatever happens here
            logger().warning(Event.SWEEP_FAILED, extra=describe_error(error))

    async def _take(self, passed_over: Sequence[int]) -> _Taken | None:
        """The next documents of some change; None when no change is due, no claims when others are at all."""
        async with self._database.unit_of_work(self._principal) as unit:
            change = await changes.lock_due(unit, self._spaces, passed_over)
            if change is None:
                return None
            limit = DOCUMENTS_PER_CLAIM
            if change.rate is not None:
                limit = min(limit, max(int(change.rate * _SECONDS_PER_CLAIM), 1))
            collection_id = change.collection_id
            claims = await changes.claim(unit, collection_id, limit, self._lease_seconds)
            if not claims and await self._note_stragglers(unit, change):
                claims = await changes.claim(unit, collection_id, limit, self._lease_seconds)
            if not claims:
                return _Taken(collection_id, [], [])
            chunks = await changes.find_lacking(unit, collection_id, claims)
            await changes.pace(unit, collection_id, len(chunks))
        return _Taken(collection_id, claims, chunks)

    async def _note_stragglers(self, unit: UnitOfWork, change: EmbeddingChangeRow) -> bool:
        """Nothing was left to take: whether there is something after all; else the change is complete."""
        if change.state != "backfilling" or await changes.count_waiting(unit, change.collection_id):
            return False
        noted = await changes.note_stragglers(
            unit, change.collection_id, serving=change.old_space_id, other=change.new_space_id
        )
        if not noted:
            await changes.set_state(unit, change.collection_id, "complete")
        return noted > 0

    async def _pause(self) -> bool:
        """Wait for a change that has come to its rate; False when there is none, or no time for it."""
        async with self._database.unit_of_work(self._principal) as unit:
            seconds = await changes.seconds_to_pause(unit)
        if seconds is None or time.monotonic() + seconds > self._deadline:
            return False
        await asyncio.sleep(min(max(seconds, 0.0), _LONGEST_PAUSE_SECONDS))
        return True

    async def _embed_taken(self, taken: _Taken) -> None:
        """A text that a provider refuses fails its own document alone."""
        try:
            await self._embed(taken)
        except EmbedderRejected as error:
            if len(taken.claims) == 1:
                await self._release(taken, error, final=True)
                return
            for place in range(len(taken.claims)):
                try:
                    await self._embed_taken(taken.part(place, place + 1))
                except (ConcordError, asyncio.CancelledError):
                    await self._release(taken.part(place + 1, None), None, final=False)
                    raise
        except ConcordError as error:
            await self._release(taken, error, final=False)
            raise
        except asyncio.CancelledError:
            # The next worker need not wait for the end of these leases.
            await self._release(taken, None, final=False)
            raise

    async def _embed(self, taken: _Taken) -> None:
        for start in range(0, len(taken.chunks), CHUNKS_PER_STEP):
            if start and not await self._may_go_on():
                await self._release(taken, None, final=False)
                return
            step = taken.chunks[start : start + CHUNKS_PER_STEP]
            chunks, vectors = await vectors_of(self._embedder, step)
            # Who has written a document did not ask for another model.
            tokens = tokens_by_writer(chunks, {}, otherwise=self._principal.name)
            async with self._database.unit_of_work(self._principal) as unit:
                await changes.hold(unit, taken.collection_id)
                await jobs.insert_vectors(unit, chunks, vectors)
                await count_document_tokens(unit, today(), tokens)
            self.chunks += len(step)
        async with self._database.unit_of_work(self._principal) as unit:
            await changes.finish(unit, taken.collection_id, taken.claims)

    async def _may_go_on(self) -> bool:
        if time.monotonic() > self._deadline:
            return False
        return not await self._first_vectors.budget.is_used_up(self._database, self._principal)

    async def _release(self, taken: _Taken, error: ConcordError | None, *, final: bool) -> None:
        if error is not None:
            logger().warning(
                Event.EMBEDDING_FAILED, extra={**describe_error(error), "documents": len(taken.claims)}
            )
        async with self._database.unit_of_work(self._principal) as unit:
            reason = None if error is None else error.message[:LONGEST_REASON]
            await changes.release(unit, taken.collection_id, taken.claims, error=reason, final=final)
