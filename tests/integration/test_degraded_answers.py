"""An answer that lacks something is not kept: the next one may have it."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from shared.cache.redis import RedisCache
from shared.embeddings.protocol import Embedder
from shared.errors import EmbedderUnavailable
from tests.builders.embedders import FailingEmbedder
from tests.builders.events import http_event
from tests.builders.functions import Functions


@pytest.fixture
def functions(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    called = Functions()
    called("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    yield called
    called.close()


def test_a_degraded_search_is_not_kept(functions: Functions, embedder: Embedder, redis_url: str) -> None:
    broken: list[EmbedderUnavailable] = [EmbedderUnavailable()]
    unsteady = FailingEmbedder(embedder, lambda _: broken[0] if broken else None)
    cache = RedisCache(redis_url, ttl_seconds=60, budget_seconds=5)
    replaced = {"cache": cache, "embedder": unsteady}

    # Tests keep apart by their questions: all share one Redis.
    question = http_event("POST", "/v1/collections/guides/search", {"q": f"river {uuid.uuid4()}"})

    def search(**replace: Any) -> tuple[str, bool]:
        response = functions("documents_search", question, raw=True, **replace)
        return response["headers"]["x-cache"], '"degraded":["semantic"]' in response["body"]

    assert search(replace=replaced) == ("bypass", True)
    broken.clear()
    assert search() == ("miss", False)
    assert search() == ("hit", False)
    functions._loop.run_until_complete(cache.aclose())
