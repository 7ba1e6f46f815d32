"""Fixtures of the fault matrix, whose figures stand at the end of its run: tests/fault_figures.py."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from shared.database.migrations import apply_migrations
from shared.embeddings.local_model_build import ensure_model_files
from tests.builders.acknowledged import Recounted
from tests.builders.fallible_postgres import FalliblePostgres, fallible_postgres
from tests.builders.functions import Functions
from tests.builders.redis import RedisServer
from tests.fault_figures import FIGURES


class Figures:
    """What was counted after each fault."""

    def __init__(self, item: pytest.Item) -> None:
        self._properties = item.user_properties

    def add(self, fault: str, counted: Recounted) -> None:
        """Keep it for the end of the run; a write that was acknowledged may be neither lost nor doubled."""
        line = f"{fault:<60} {counted.acknowledged:>7} {counted.lost:>5} {counted.doubled:>5}"
        self._properties.append((FIGURES, line))
        assert (counted.lost, counted.doubled) == (0, 0)
        assert counted.acknowledged


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    return Figures(request.node)


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a fault strikes."""
    given: int = request.config.getoption("--fault-rounds")
    return given


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A fault that strikes more often takes longer."""
    rounds: int = config.getoption("--fault-rounds")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(300 * rounds))


@pytest.fixture(scope="session")
async def migrated() -> AsyncIterator[FalliblePostgres]:
    """A server with the migrations and no rows, which is stopped: tests start copies of it."""
    with fallible_postgres() as started:
        await apply_migrations(started.url)
        started.stop()
        yield started


@pytest.fixture
def server(migrated: FalliblePostgres) -> Iterator[FalliblePostgres]:
    """A server of the test's own with the migrations and no rows."""
    with fallible_postgres(migrated) as started:
        yield started


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with RedisServer() as started:
        yield started.url


type OpenFunctions = Callable[[str], Functions]


@pytest.fixture
def functions_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OpenFunctions]:
    """Opens all functions on the database of a URL, as Lambda runs them: one connection each."""
    for name in (
        "ADMIN_KEY_HASH",
        "AWS_LAMBDA_FUNCTION_NAME",
        "EMBED_QUEUE_URL",
        "MAINTAIN_QUEUE_URL",
        "REDIS_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(ensure_model_files()))
    monkeypatch.setenv("IMPORT_BUCKET", f"folder:{tmp_path / 'objects'}")
    with contextlib.ExitStack() as stack:

        def open_functions(url: str) -> Functions:
            monkeypatch.setenv("DATABASE_URL", url)
            opened = Functions()
            stack.callback(opened.close)
            return opened

        yield open_functions
