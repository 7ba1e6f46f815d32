"""The storage of files, for the routes that use it."""

from typing import Annotated

from fastapi import Depends, Request

from shared.storage.protocol import ObjectStorage


async def _storage(request: Request) -> ObjectStorage:
    storage: ObjectStorage = request.app.state.storage
    return storage


OpenStorage = Annotated[ObjectStorage, Depends(_storage)]
