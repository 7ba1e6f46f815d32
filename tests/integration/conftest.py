"""Fixtures of the tests on real servers."""

from collections.abc import Iterator

import pytest

from tests.builders.postgres import VERSIONS
from tests.builders.redis import RedisServer


@pytest.fixture(params=VERSIONS, scope="session", ids=lambda version: f"postgres{version}")
def postgres_version(request: pytest.FixtureRequest) -> int:
    """Every supported PostgreSQL in turn."""
    version: int = request.param
    return version


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of this test session; tests keep apart by their keys."""
    with RedisServer() as server:
        yield server.url
