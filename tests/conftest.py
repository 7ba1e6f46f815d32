"""Fixtures that every kind of test may ask for; see `tests.builders` for what they are made of."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from shared.config import EmbeddingSettings
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.model_change import ChangingEmbedder
from shared.embeddings.protocol import Embedder
from shared.embeddings.provider import open_embedder
from tests.builders.changing_library import changing_settings
from tests.builders.pooler_switch import switched
from tests.builders.postgres import (
    NEWEST_VERSION,
    PostgresServers,
    folder_for_servers,
    temporary_database,
)
from tests.builders.prisma import Prisma, PrismaMissingError, install_prisma, run_prisma
from tests.builders.skipping import skip_but_not_on_ci

type Before = Callable[[str], contextlib.AbstractContextManager[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fault-rounds", type=int, default=1, help="how often each fault of tests/faults strikes"
    )
    parser.addoption(
        "--fuzz-examples",
        type=int,
        default=5,
        help="requests of each kind that tests/fuzz makes per operation",
    )
    parser.addoption(
        "--pooler",
        action="store_true",
        help="Concord's own connections go through PgBouncer in transaction mode",
    )


# Tests of Concord's own sessions, by file or by name: PgBouncer has others, and signs clients in itself.
_PAST_THE_POOLER = {
    "test_connecting.py": "how a server lets in, refuses and resumes",
    "test_database_addresses.py": "with which name and password a session begins",
    "test_scale_to_zero.py": "how many sessions there are",
    "test_a_pool_replaces_all_that_were_dropped": "how many sessions there are",
    "test_a_connection_closed_by_us_is_opened_again": "that a session ends with its connection",
    "test_what_an_aborted_unit_had_prepared_is_not_relied_on": "what a session has prepared",
}


def _past_the_pooler(item: pytest.Item) -> str | None:
    """Why a test is not made behind PgBouncer."""
    return _PAST_THE_POOLER.get(item.path.name) or _PAST_THE_POOLER.get(item.name.partition("[")[0])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--pooler"):
        past = [item for item in items if _past_the_pooler(item)]
        items[:] = [item for item in items if not _past_the_pooler(item)]
        config.hook.pytest_deselected(items=past)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    if not config.getoption("--pooler"):
        return []
    return [f"not behind the pooler: {name}, {reason}" for name, reason in _PAST_THE_POOLER.items()]


@pytest.fixture(scope="session")
def before_servers(request: pytest.FixtureRequest) -> Before:
    """What stands before the servers of this run: nothing, or with --pooler a PgBouncer."""
    return switched if request.config.getoption("--pooler") else contextlib.nullcontext


@pytest.fixture(scope="session")
def postgres_servers(before_servers: Before) -> Iterator[PostgresServers]:
    with folder_for_servers() as folder, contextlib.ExitStack() as stack:
        servers = PostgresServers(Path(folder), lambda url: stack.enter_context(before_servers(url)))
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
        skip_but_not_on_ci(reason)
    return run_prisma


@pytest.fixture(scope="session")
def changing_embedder() -> ChangingEmbedder:
    """The local model beside its weights as they were published."""
    opened = open_embedder(changing_settings())
    assert isinstance(opened, ChangingEmbedder)
    return opened


@pytest.fixture(scope="session")
def model_directory() -> Path:
    """The folder of the built local model; tests that damage one work on a copy."""
    return ensure_model_files()


@pytest.fixture(scope="session")
def embedder(model_directory: Path) -> Embedder:
    """The real local model."""
    return open_embedder(EmbeddingSettings(embedding_model_dir=model_directory))
