from fastapi import APIRouter

from functions.embeddings_get.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayReadCollections
from shared.http.embedding_answers import EmbeddingAnswer
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.services.get_embedding import get_embedding

router = APIRouter(tags=["embedding"], responses=error_answers(404, 422))


@router.get("/v1/collections/{collection}/embedding")
async def embeddings_get(
    collection: CollectionName, principal: MayReadCollections, database: OpenDatabase
) -> EmbeddingAnswer:
    """The model that makes a collection's vectors, and how far its change has come."""
    return EmbeddingAnswer.of(await get_embedding(database, principal, collection))


handler = HttpFunction(router, Settings, database=open_connection)
