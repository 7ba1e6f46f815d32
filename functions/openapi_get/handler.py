from pathlib import Path

from fastapi import APIRouter, Response

from functions.openapi_get.settings import Settings
from shared.http.auth import PublicOnceConfigured
from shared.http.lambda_function import HttpFunction

router = APIRouter()


@router.get("/openapi.json", tags=["service"], response_class=Response)
async def openapi_get(_configured: PublicOnceConfigured) -> Response:
    """The description of the whole API, written by `concord openapi --write`. Public."""
    document = Path(__file__).with_name("openapi.json").read_bytes()
    return Response(document, media_type="application/json")


handler = HttpFunction(router, Settings)
