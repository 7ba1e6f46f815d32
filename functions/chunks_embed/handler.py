from dataclasses import asdict
from typing import Any

from functions.chunks_embed.resources import Resources, open_resources
from functions.chunks_embed.settings import Settings
from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.principals import WORKER
from shared.events.envelopes import is_schedule, process_records
from shared.events.lambda_function import EventFunction
from shared.services.embed_chunks import EmbedRun


async def chunks_embed(event: dict[str, Any], resources: Resources, deadline: float) -> Any:
    """Embed what the queue's messages name; on a schedule, whatever is still pending."""
    run = EmbedRun(resources.database, resources.embedder, resources.cache, WORKER, deadline=deadline)
    if is_schedule(event):
        await run.embed_due()
        return asdict(run.report)

    async def embed(body: str) -> None:
        await run.embed_requested(EmbedRequest.from_message(body))

    return await process_records(event, embed)


handler = EventFunction(chunks_embed, Settings, open_resources)
