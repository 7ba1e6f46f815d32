from typing import Annotated

from fastapi import APIRouter, Path

from functions.keys_revoke.settings import Settings
from shared.database.connections import open_connection
from shared.domain.names import KeyId
from shared.http.auth import MayWriteKeys
from shared.http.errors_schema import error_answers
from shared.http.lambda_function import HttpFunction
from shared.http.resources import OpenDatabase
from shared.services.manage_keys import revoke_key

router = APIRouter(tags=["keys"], responses=error_answers(404, 422))


@router.delete("/v1/keys/{id}", status_code=204)
async def keys_revoke(
    key_id: Annotated[KeyId, Path(alias="id")], principal: MayWriteKeys, database: OpenDatabase
) -> None:
    """Let a key open nothing any more, everywhere within 30 seconds."""
    await revoke_key(database, principal, key_id)


handler = HttpFunction(router, Settings, database=open_connection)
