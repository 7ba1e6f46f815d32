from fastapi import APIRouter

from functions.embeddings_clean.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayWriteCollections
from shared.http.embedding_answers import EmbeddingAnswer
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.services.change_embedding import clean_up_change

router = APIRouter(tags=["embedding"], responses=error_answers(404, 422))
# What is not deleted by then, maintenance deletes.
SECONDS = 10.0


@router.delete("/v1/collections/{collection}/embedding/change")
async def embeddings_clean(
    collection: CollectionName, principal: MayWriteCollections, database: OpenDatabase
) -> EmbeddingAnswer:
    """Give up the model that does not serve, with its vectors: there is no way back then."""
    return EmbeddingAnswer.of(await clean_up_change(database, principal, collection, seconds=SECONDS))


handler = HttpFunction(router, Settings, database=open_connection)
