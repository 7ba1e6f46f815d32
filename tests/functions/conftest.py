"""Functions on a database of the test's own."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.embeddings.local_model_build import ensure_model_files
from tests.builders.events import http_event
from tests.builders.functions import Functions

type Upsert = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shell has set must not change what a test sees."""
    for name in (
        "ADMIN_KEY_HASH",
        "AWS_LAMBDA_FUNCTION_NAME",
        "CORS_ORIGINS",
        "DATABASE_SECRET_ARN",
        "EMBED_QUEUE_URL",
        "EMBEDDING_PROVIDER",
        "ENVIRONMENT",
        "MAINTAIN_QUEUE_URL",
        "REDIS_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(ensure_model_files()))


@pytest.fixture
def functions(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """All functions, on a migrated database without rows."""
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
