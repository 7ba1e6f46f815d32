"""Give vectors to the chunks that lack them: claim by lease, embed outside any transaction, store."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.cache.protocol import Cache
from shared.database.rows import EmbeddingJobRow
from shared.database.units_of_work import Database, Pending
from shared.domain.cache_scopes import scopes_of
from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.principals import Principal
from shared.domain.usage import today
from shared.embeddings.model_change import embedder_for, spaces_of
from shared.embeddings.protocol import Embedder
from shared.errors import ConcordError, EmbedderRejected, EmbeddingSpaceMismatch, Unavailable
from shared.observability import Event, Metric, count, describe_error, logger, measure
from shared.repositories import embedding_jobs as jobs
from shared.repositories.embedding_jobs import (
    MAX_ATTEMPTS,
    DocumentKey,
    NamedCollection,
    UnembeddedChunk,
    document_key,
)
from shared.repositories.usage import count_document_tokens
from shared.services.chunk_interim import chunk_interim
from shared.services.chunk_vectors import vectors_of
from shared.services.document_budget import (
    WAITS_FOR_BUDGET,
    WITHOUT_LIMIT,
    DocumentBudget,
    tokens_by_writer,
)

# Longer than a worker may run, so that a lease only ends when its worker has.
LEASE_SECONDS = 900.0
# Their bodies are in memory together.
DOCUMENTS_PER_CLAIM = 64
# Of what is told of a failure, in characters.
LONGEST_REASON = 500
# A document of thousands of chunks is stored in steps: what is done stays done.
CHUNKS_PER_STEP = 256
# At once, that they wait for another day.
DOCUMENTS_TOLD = 1_000


@dataclass(slots=True)
class EmbedReport:
    """What a run did: documents made ready or failed, and chunks given a vector."""

    ready: int = 0
    failed: int = 0
    chunks: int = 0


class EmbedRun:
    """One worker's run, until nothing is due or, at `deadline` on the monotonic clock, its time is up."""

    def __init__(
        self,
        database: Database,
        embedder: Embedder,
        cache: Cache,
        principal: Principal,
        *,
        deadline: float,
        lease_seconds: float = LEASE_SECONDS,
        budget: DocumentBudget = WITHOUT_LIMIT,
    ) -> None:
        self._database = database
        self.budget = budget
        self._embedder = embedder
        self._cache = cache
        self._principal = principal
        self._deadline = deadline
        self._lease_seconds = lease_seconds
        self.report = EmbedReport()

    async def embed_requested(self, request: EmbedRequest) -> None:
        """Embed the documents of one message. Raises Unavailable, so that the message comes again."""
        if not await self._embed_all(request):
            raise Unavailable("There was no time for all of the message's documents.")

    async def embed_due(self) -> None:
        """Embed whatever is pending and not claimed, oldest first. Raises EmbedderUnavailable."""
        async with self._database.unit_of_work(self._principal) as unit:
            failed = await jobs.fail_exhausted(unit, MAX_ATTEMPTS)
            names = await jobs.start_names(unit, (job.collection_id for job in failed))
            oldest = await jobs.start_oldest_pending(unit)
        measure({Metric.OLDEST_PENDING: await jobs.seconds_pending(oldest)})
        self._count_failed(len(failed))
        await self._forget_answers(names)
        await self._embed_all(None)

    async def embed_pending(self) -> None:
        """The same, of what is pending alone. Raises EmbedderUnavailable."""
        await self._embed_all(None)

    async def _embed_all(self, request: EmbedRequest | None) -> bool:
        """Work until nothing is due, or nothing may be embedded today; False when time was up before."""
        while self._has_time():
            if await self.budget.is_used_up(self._database, self._principal):
                await self._note_waiting(request)
                return True
            claims = await self._claim(request)
            if not claims:
                return True
            await self._embed_claimed(claims)
        return False

    async def _claim(self, request: EmbedRequest | None) -> list[EmbeddingJobRow]:
        """Documents to work on; one alone where a worker went down with it, as it may take down the next."""
        async with self._database.unit_of_work(self._principal) as unit:
            for retried, limit in ((False, DOCUMENTS_PER_CLAIM), (True, 1)):
                claims = await jobs.claim(
                    unit,
                    collection_id=request.collection_id if request else None,
                    document_numbers=request.document_numbers if request else None,
                    retried=retried,
                    limit=limit,
                    lease_seconds=self._lease_seconds,
                    max_attempts=MAX_ATTEMPTS,
                    waited_for=WAITS_FOR_BUDGET,
                )
                if claims:
                    break
        return claims

    async def _note_waiting(self, request: EmbedRequest | None) -> None:
        """Tell of the documents that they wait; the sweep takes them up on the next day."""
        async with self._database.unit_of_work(self._principal) as unit:
            waiting = await jobs.note_waiting(unit, WAITS_FOR_BUDGET, request, limit=DOCUMENTS_TOLD)
            names = await jobs.start_names(unit, (job.collection_id for job in waiting))
        if waiting:
            logger().warning(Event.EMBEDDING_WAITS, extra={"documents": len(waiting)})
        await self._forget_answers(names)

    async def _embed_claimed(self, claims: Sequence[EmbeddingJobRow]) -> None:
        """Embed these documents; a text that the provider refuses fails its own document alone."""
        try:
            claims = await chunk_interim(self._database, self._principal, claims)
            if not claims:
                return
            async with self._database.unit_of_work(self._principal) as unit:
                chunks = await jobs.find_unembedded(unit, claims)
            await self._embed(claims, chunks)
        except (EmbedderRejected, EmbeddingSpaceMismatch) as error:
            if len(claims) == 1:
                await self._release(claims, error, final=True)
                return
            await self._embed_one_by_one(claims)
        except ConcordError as error:
            await self._release(claims, error, final=False)
            raise
        except asyncio.CancelledError:
            # A laptop's worker is stopped in the middle of its work; the next need not wait for its leases.
            await self._release(claims, None, final=False)
            raise

    async def _embed_one_by_one(self, claims: Sequence[EmbeddingJobRow]) -> None:
        for place, claim in enumerate(claims, 1):
            try:
                await self._embed_claimed([claim])
            except (ConcordError, asyncio.CancelledError):
                await self._release(claims[place:], None, final=False)
                raise

    async def _embed(self, claims: Sequence[EmbeddingJobRow], chunks: Sequence[UnembeddedChunk]) -> None:
        for chunk in chunks:
            self._refuse_other_space(chunk)
        remaining = list(claims)
        writers = {document_key(claim): claim.principal for claim in claims if claim.principal}
        for start in range(0, max(len(chunks), 1), CHUNKS_PER_STEP):
            if start and not await self._may_go_on():
                await self._release(remaining, None, final=False)
                return
            step = chunks[start : start + CHUNKS_PER_STEP]
            later = {document_key(chunk) for chunk in chunks[start + CHUNKS_PER_STEP :]}
            finished = [claim for claim in remaining if document_key(claim) not in later]
            await self._store(step, finished, writers)
            remaining = [claim for claim in remaining if document_key(claim) in later]

    async def _store(
        self,
        step: Sequence[UnembeddedChunk],
        finished: Sequence[EmbeddingJobRow],
        writers: Mapping[DocumentKey, str],
    ) -> None:
        chunks, vectors = await vectors_of(self._embedder, step)
        tokens = tokens_by_writer(chunks, writers, otherwise=self._principal.name)
        async with self._database.unit_of_work(self._principal) as unit:
            documents = {*map(document_key, step), *map(document_key, finished)}
            await jobs.lock(unit, documents)
            await jobs.insert_vectors(unit, chunks, vectors)
            await jobs.complete(unit, finished)
            names = await jobs.start_names(unit, (collection_id for collection_id, _ in documents))
            await count_document_tokens(unit, today(), tokens)
        self.report.chunks += len(step)
        self.report.ready += len(finished)
        await self._forget_answers(names)

    async def _release(
        self, claims: Sequence[EmbeddingJobRow], error: ConcordError | None, *, final: bool
    ) -> None:
        if error is not None:
            logger().warning(
                Event.EMBEDDING_FAILED, extra={**describe_error(error), "documents": len(claims)}
            )
        async with self._database.unit_of_work(self._principal) as unit:
            await jobs.release(
                unit,
                claims,
                error=None if error is None else error.message[:LONGEST_REASON],
                final=final,
            )
            names = await jobs.start_names(unit, (claim.collection_id for claim in claims))
        self._count_failed(len(claims) if final else 0)
        await self._forget_answers(names)

    def _count_failed(self, documents: int) -> None:
        if documents:
            self.report.failed += documents
            count(Metric.DOCUMENTS_FAILED, documents)

    def _refuse_other_space(self, chunk: UnembeddedChunk) -> None:
        if embedder_for(self._embedder, chunk.model, chunk.dimensions) is None:
            configured = " and ".join(
                f"{space.model} ({space.dimensions})" for space in spaces_of(self._embedder)
            )
            raise EmbeddingSpaceMismatch(
                f"The collection's vectors are made by {chunk.model} ({chunk.dimensions} dimensions); "
                f"{configured} is configured."
            )

    async def _forget_answers(self, names: Pending[NamedCollection]) -> None:
        known_as = [collection.name for collection in await names.rows()]
        if known_as:
            await self._cache.invalidate(*scopes_of(known_as))

    async def _may_go_on(self) -> bool:
        return self._has_time() and not await self.budget.is_used_up(self._database, self._principal)

    def _has_time(self) -> bool:
        return time.monotonic() < self._deadline
