from fastapi import APIRouter

from functions.keys_create.schemas import NewKeyAnswer
from functions.keys_create.settings import Settings
from shared.database.connections import open_connection
from shared.domain.keys import NewKey
from shared.http.auth import MayWriteKeys
from shared.http.errors_schema import error_answers
from shared.http.key_secret import OpenKeySecret, open_key_secret
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.services.manage_keys import create_key

router = APIRouter(tags=["keys"], responses=error_answers(400, 404, 409, 422))


@router.post("/v1/keys", status_code=201)
async def keys_create(
    request: NewKey, principal: MayWriteKeys, database: OpenDatabase, secret: OpenKeySecret
) -> NewKeyAnswer:
    """Make a key that may no more than the caller."""
    created, text = await create_key(database, secret, principal, request)
    return NewKeyAnswer.model_validate({**created._asdict(), "key": text})


handler = HttpFunction(router, Settings, database=open_connection, key_secret=open_key_secret)
