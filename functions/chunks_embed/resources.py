from dataclasses import dataclass

from functions.chunks_embed.settings import Settings
from shared.cache.opening import open_cache
from shared.cache.protocol import Cache
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.embeddings.protocol import Embedder
from shared.embeddings.provider import open_embedder
from shared.services.document_budget import WITHOUT_LIMIT, DocumentBudget


@dataclass(frozen=True, slots=True)
class Resources:
    """What outlives one event."""

    database: Database
    embedder: Embedder
    cache: Cache
    budget: DocumentBudget = WITHOUT_LIMIT


def open_resources(settings: Settings) -> Resources:
    return Resources(
        open_connection(settings),
        open_embedder(settings),
        open_cache(settings),
        DocumentBudget(settings.document_tokens_per_day),
    )
