from fastapi import APIRouter

from functions.chunks_preview.schemas import PreviewAnswer, PreviewedChunk, PreviewRequest
from functions.chunks_preview.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import CollectionName
from shared.http.auth import MayReadDocuments
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.services.preview_chunks import preview_chunks

router = APIRouter(tags=["documents"], responses=error_answers(400, 404, 413, 422))


@router.post("/v1/collections/{collection}/chunks/preview")
async def chunks_preview(
    collection: CollectionName,
    request: PreviewRequest,
    principal: MayReadDocuments,
    database: OpenDatabase,
) -> PreviewAnswer:
    """What a document would become in this collection: its passages, and what is embedded of each."""
    chunks = await preview_chunks(
        database,
        principal,
        collection,
        request.document,
        chunking=request.chunking,
        template=request.embedding_template,
    )
    return PreviewAnswer(chunks=[PreviewedChunk.model_validate(chunk) for chunk in chunks])


handler = HttpFunction(router, Settings, database=open_connection)
