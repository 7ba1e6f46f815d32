from dataclasses import asdict
from typing import Any

from functions.chunks_embed.resources import Resources, open_resources
from functions.chunks_embed.settings import Settings
from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.principals import WORKER
from shared.events.envelopes import is_schedule, process_records
from shared.events.lambda_function import EventFunction
from shared.services.backfill_embeddings import BackfillRun
from shared.services.embed_chunks import EmbedRun


async def chunks_embed(event: dict[str, Any], resources: Resources, deadline: float) -> Any:
    """Embed what the queue's messages name; then, or on a schedule, whatever else is pending."""
    database, embedder = resources.database, resources.embedder
    run = EmbedRun(database, embedder, resources.cache, WORKER, deadline=deadline, budget=resources.budget)
    backfill = BackfillRun(database, embedder, WORKER, run, deadline=deadline)
    if is_schedule(event):
        await run.embed_due()
        await backfill.backfill_due()
        return {**asdict(run.report), "backfilled": backfill.chunks}
    answer = await process_records(event, EmbedRequest.from_message, run.embed_requested)
    await backfill.embed_rest()
    return answer


handler = EventFunction(chunks_embed, Settings, open_resources)
