from fastapi import APIRouter

from functions.embeddings_change.schemas import ChangeAnswer, ChangeRequest
from functions.embeddings_change.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteCollections
from shared.http.embedding_space import ConfiguredSpaces, configured_spaces
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.queues import OpenEmbedQueue
from shared.http.resources import OpenDatabase
from shared.queues.opening import open_embed_queue
from shared.services.change_embedding import begin_change

router = APIRouter(tags=["embedding"], responses=error_answers(400, 404, 409, 422))


@router.post("/v1/collections/{collection}/embedding")
async def embeddings_change(
    collection: CollectionName,
    request: ChangeRequest,
    principal: MayWriteCollections,
    database: OpenDatabase,
    queue: OpenEmbedQueue,
    spaces: ConfiguredSpaces,
) -> ChangeAnswer:
    """Begin to change a collection's embedding model, or say what that would cost."""
    wanted = request.wanted()
    plan, found = await begin_change(database, queue, principal, collection, wanted, spaces)
    return ChangeAnswer.of(plan, found)


handler = HttpFunction(
    router,
    Settings,
    database=open_connection,
    embed_queue=open_embed_queue,
    embedding_spaces=configured_spaces,
)
