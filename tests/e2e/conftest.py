"""A laptop for the command line: a folder of its own whose servers stay up for all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local.folder import laptop_folder
from shared.local.postgres import embedded_postgres

ENVIRONMENT = (
    "ADMIN_KEY_HASH",
    "CACHE_TTL_SECONDS",
    "CONCORD_API_KEY",
    "CONCORD_URL",
    "DATABASE_MIGRATION_URL",
    "DATABASE_SECRET_ARN",
    "DATABASE_URL",
    "EMBED_QUEUE_URL",
    "REDIS_URL",
)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project folder with a running embedded Postgres, which every command joins."""
    folder = tmp_path_factory.mktemp("laptop")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        data = laptop_folder()
    with embedded_postgres(data):
        yield folder


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own environment decides a test."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    # Tables are as wide as a terminal, wherever the tests run.
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def laptop(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project folder, as the current one."""
    monkeypatch.chdir(project)
    return project
