from fastapi import APIRouter, Response

from functions.documents_get.settings import Settings
from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.domain.cache_scopes import collection_scope
from shared.domain.names import CollectionName, DocumentId
from shared.http.auth import MayReadDocuments
from shared.http.document_answers import DocumentAnswer
from shared.http.entity_tags import NOT_MODIFIED, Tagged, tagged
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.services.get_document import get_document

router = APIRouter(tags=["documents"], responses=error_answers(404, 422) | tagged() | NOT_MODIFIED)
PATH = "/v1/collections/{collection}/documents/{id}"


@router.get(PATH, response_model=DocumentAnswer)
async def documents_get(
    collection: CollectionName,
    id: DocumentId,  # noqa: A002 - the parameter's public name.
    principal: MayReadDocuments,
    database: OpenDatabase,
    answers: Tagged,
) -> Response:
    """A document by its id."""

    async def load() -> DocumentAnswer:
        found = await get_document(database, principal, collection, id)
        return DocumentAnswer.model_validate(found)

    return await answers.answer(collection_scope(collection), principal, load)


handler = HttpFunction(router, Settings, database=open_connection, cache=open_cache)
