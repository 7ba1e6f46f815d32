"""A laptop for the command line: a folder of its own whose servers stay up for all tests. And containers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local.folder import laptop_folder
from shared.local.postgres import embedded_postgres
from tests.builders.containers import (
    ComposeProject,
    ContainerEngine,
    ContainersMissingError,
    compose_project,
    find_container_engine,
)
from tests.builders.packages import PackageFolder, package_all
from tests.builders.skipping import skip_but_not_on_ci

ENVIRONMENT = (
    "ADMIN_KEY_HASH",
    "CACHE_TTL_SECONDS",
    "CONCORD_API_KEY",
    "CONCORD_URL",
    "DATABASE_MIGRATION_URL",
    "DATABASE_SECRET_ARN",
    "DATABASE_URL",
    "EMBED_QUEUE_URL",
    "FETCH_ALLOW_PRIVATE",
    "FETCH_QUEUE_URL",
    "IMPORT_BUCKET",
    "MAINTAIN_QUEUE_URL",
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


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> PackageFolder:
    """Every function and both layers, as deployed on this machine's processor."""
    return package_all(tmp_path_factory.mktemp("packages"))


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


@pytest.fixture(scope="session")
def container_engine() -> ContainerEngine:
    """The engine, where there is one and the base images are there or can be pulled."""
    try:
        return find_container_engine()
    except ContainersMissingError as reason:
        skip_but_not_on_ci(reason)


@pytest.fixture(scope="session")
def composed(
    container_engine: ContainerEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ComposeProject]:
    """docker-compose.yml, up in a copied checkout, which tests may edit."""
    with compose_project(container_engine, tmp_path_factory.mktemp("checkout")) as project:
        yield project
