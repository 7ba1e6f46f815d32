from fastapi import APIRouter, Response

from functions.documents_multi_search.schemas import MultiSearchAnswer, MultiSearchRequest, answer_of
from functions.documents_multi_search.settings import Settings
from shared.database.connections import open_for_searches
from shared.embeddings.provider import open_embedder
from shared.http.auth import MaySearchDocuments
from shared.http.embedder import OpenEmbedder
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.metering import Meter, OpenMetering, narrowed
from shared.http.resources import OpenDatabase
from shared.services.search_collections import search_collections

router = APIRouter(tags=["search"], responses=error_answers(400, 422))


@router.post("/v1/search", responses={207: {"model": MultiSearchAnswer}})
async def documents_multi_search(
    request: MultiSearchRequest,
    response: Response,
    principal: MaySearchDocuments,
    database: OpenDatabase,
    embedder: OpenEmbedder,
    metering: OpenMetering,
) -> MultiSearchAnswer:
    """Several searches in one call. 200 when all answered, 207 when some failed."""
    await metering.admit(principal, searches=len(request.searches))
    searches = [(search.collection, narrowed(search.request, principal)) for search in request.searches]
    answer = answer_of(await search_collections(database, embedder, principal, searches))
    await metering.record(principal, answer.usage)
    response.status_code = 207 if answer.errors else 200
    return answer


handler = HttpFunction(router, Settings, database=open_for_searches, embedder=open_embedder, meter=Meter)
