"""Functions on a database of the test's own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import snapshot_restore_py
from psycopg.rows import TupleRow

from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.builders.postgres import NEWEST_VERSION, PostgresServers, temporary_database
from tests.builders.source_runs import SourceRuns, open_source_runs
from tests.builders.twenty_documents import open_outfitter
from tests.builders.web_site import WebSite, open_web_site

type Upsert = Callable[..., dict[str, Any]]


def _forget_settings(monkeypatch: pytest.MonkeyPatch, model_directory: Path) -> None:
    for name in (
        "ADMIN_KEY_HASH",
        "AWS_LAMBDA_FUNCTION_NAME",
        "CORS_ORIGINS",
        "DATABASE_SECRET_ARN",
        "EMBED_QUEUE_URL",
        "EMBEDDING_PROVIDER",
        "ENVIRONMENT",
        "KEY_HASH_SECRET",
        "MAINTAIN_QUEUE_URL",
        "RATE_LIMIT_BURST",
        "RATE_LIMIT_PER_ADDRESS",
        "RATE_LIMIT_PER_SECOND",
        "REDIS_SECRET_ARN",
        "REDIS_URL",
        "DEPLOYMENT_EMBEDDED_TOKENS_PER_DAY",
        "DEPLOYMENT_SEARCHES_PER_DAY",
        "DOCUMENT_TOKENS_PER_DAY",
        "EMBEDDED_TOKENS_PER_DAY",
        "SEARCHES_PER_DAY",
        "USAGE_QUEUE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(model_directory))


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, model_directory: Path) -> None:
    """What the shell has set must not change what a test sees."""
    _forget_settings(monkeypatch, model_directory)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop that Lambda's own main thread has."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield made
    asyncio.set_event_loop(None)
    made.close()


@pytest.fixture
def snapshots(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert not loop.is_running()
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "concord-search")
    yield
    snapshot_restore_py.get_before_snapshot().clear()
    snapshot_restore_py.get_after_restore().clear()


@pytest.fixture
def functions(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Functions]:
    """All functions, on a migrated database without rows and a folder without files."""
    monkeypatch.setenv("IMPORT_BUCKET", f"folder:{tmp_path / 'objects'}")
    monkeypatch.setenv("DATABASE_URL", database_url)
    called = Functions()
    yield called
    called.close()


@pytest.fixture
def guides(functions: Functions) -> Upsert:
    """The collection `guides`, as a function that stores documents there."""
    created = functions("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    assert created["statusCode"] == 201

    def upsert(*documents: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps({"documents": documents})
        return functions("documents_upsert", http_event("POST", "/v1/collections/guides/documents", body))

    return upsert


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A session of the database's owner in the functions' database."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
async def outfitter_url(postgres_servers: PostgresServers) -> AsyncIterator[str]:
    template = await postgres_servers.migrated_template(NEWEST_VERSION)
    with temporary_database(postgres_servers.url(NEWEST_VERSION), template=template) as url:
        yield url


@pytest.fixture(scope="module")
def outfitter(outfitter_url: str, model_directory: Path) -> Iterator[Functions]:
    """All functions, and the twenty documents, which a module's tests share and do not change."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _forget_settings(monkeypatch, model_directory)
        monkeypatch.setenv("DATABASE_URL", outfitter_url)
        with open_outfitter() as functions:
            yield functions


@pytest.fixture
def site() -> Iterator[WebSite]:
    with open_web_site() as opened:
        yield opened


@pytest.fixture
def sources(functions: Functions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceRuns:
    """The functions of sources, and what moves them along."""
    return open_source_runs(functions, tmp_path, monkeypatch)
