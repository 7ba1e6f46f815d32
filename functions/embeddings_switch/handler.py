from fastapi import APIRouter

from functions.embeddings_switch.schemas import SwitchRequest
from functions.embeddings_switch.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteCollections
from shared.http.embedding_answers import EmbeddingAnswer
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenCache, OpenDatabase
from shared.services.change_embedding import switch_space

router = APIRouter(tags=["embedding"], responses=error_answers(400, 404, 409, 422))


@router.post("/v1/collections/{collection}/embedding/switch")
async def embeddings_switch(
    collection: CollectionName,
    request: SwitchRequest,
    principal: MayWriteCollections,
    database: OpenDatabase,
    cache: OpenCache,
) -> EmbeddingAnswer:
    """Serve searches by the new model, or by the old one again."""
    to_new = request.to == "new"
    return EmbeddingAnswer.of(await switch_space(database, cache, principal, collection, to_new=to_new))


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache)
