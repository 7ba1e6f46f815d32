"""Fixtures that every kind of test may ask for; see `tests.builders` for what they are made of."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.config import EmbeddingSettings
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.model_change import ChangingEmbedder
from shared.embeddings.protocol import Embedder
from shared.embeddings.provider import open_embedder
from tests.builders.changing_library import changing_settings
from tests.builders.postgres import (
    NEWEST_VERSION,
    PostgresServers,
    folder_for_servers,
    temporary_database,
)
from tests.builders.prisma import Prisma, PrismaMissingError, install_prisma, run_prisma


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[PostgresServers]:
    with folder_for_servers() as folder:
        servers = PostgresServers(Path(folder))
        yield servers
        servers.stop()


@pytest.fixture
def postgres_version() -> int:
    """The PostgreSQL a test runs on; integration tests run on every supported one."""
    return NEWEST_VERSION


@pytest.fixture
def postgres_url(postgres_servers: PostgresServers, postgres_version: int) -> str:
    """The URL of the server's maintenance database, for `tests.builders.postgres`."""
    return postgres_servers.url(postgres_version)


@pytest.fixture
async def database_url(
    postgres_servers: PostgresServers, postgres_version: int, postgres_url: str
) -> AsyncIterator[str]:
    """The URL of a migrated database of the test's own, without rows."""
    template = await postgres_servers.migrated_template(postgres_version)
    with temporary_database(postgres_url, template=template) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """The URL of a database of the test's own in which nothing has been created."""
    with temporary_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def prisma() -> Prisma:
    """`run_prisma`, where Prisma is installed or can be."""
    try:
        install_prisma()
    except PrismaMissingError as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"On CI nothing of this is skipped: {reason}.")
        pytest.skip(f"SKIPPED, as {reason}.")
    return run_prisma


@pytest.fixture(scope="session")
def changing_embedder() -> ChangingEmbedder:
    """The local model beside its weights as they were published."""
    opened = open_embedder(changing_settings())
    assert isinstance(opened, ChangingEmbedder)
    return opened


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The real local model."""
    return open_embedder(EmbeddingSettings(embedding_model_dir=ensure_model_files()))
