"""The API that is attacked: one for a module, over a database of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.builders.postgres import NEWEST_VERSION, PostgresServers, temporary_database
from tests.builders.served_api import ServedApi, served_api


@pytest.fixture(scope="module")
async def attacked_url(postgres_servers: PostgresServers) -> AsyncIterator[str]:
    """The database's own address, for who looks at what became of it."""
    template = await postgres_servers.migrated_template(NEWEST_VERSION)
    with temporary_database(postgres_servers.url(NEWEST_VERSION), template=template) as url:
        yield url


@pytest.fixture(scope="module")
def api(attacked_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    folder: Path = tmp_path_factory.mktemp("objects")
    with served_api(attacked_url, folder) as served:
        yield served


@pytest.fixture(scope="module")
def client(api: ServedApi) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url, headers=api.headers, timeout=60) as opened:
        yield opened
