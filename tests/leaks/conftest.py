"""A database of two tenants."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from shared.database.connections import SingleConnection, open_connection
from shared.embeddings.protocol import Embedder
from tests.builders.library import settings_of
from tests.builders.two_tenants import collections_by_name, shared_library


@dataclass(frozen=True)
class Worlds:
    """`shared` has documents that Acme may not read; `shared_without` is the same without them."""

    database: SingleConnection
    embedder: Embedder
    url: str


@pytest.fixture
async def worlds(database_url: str, embedder: Embedder) -> AsyncIterator[Worlds]:
    database = open_connection(settings_of(database_url))
    await shared_library(database, embedder, with_hidden=True)
    await shared_library(database, embedder, with_hidden=False, name="shared_without")
    await collections_by_name(database, embedder)
    yield Worlds(database, embedder, database_url)
    await database.aclose()
