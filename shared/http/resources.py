"""What a route asks for in its signature, found in the application's state."""

from typing import Annotated

from fastapi import Depends, Request

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _cache(request: Request) -> Cache:
    cache: Cache = request.app.state.cache
    return cache


OpenDatabase = Annotated[Database, Depends(_database)]
OpenCache = Annotated[Cache, Depends(_cache)]
