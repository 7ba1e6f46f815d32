"""What a deployment measures of itself: lines of embedded metric format, for CloudWatch to read."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from shared.cache.redis import RedisCache
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.protocol import Embedder
from shared.errors import EmbedderRejected, EmbedderUnavailable
from shared.local.function_list import list_functions
from shared.observability import Metric
from tests.builders.embedders import FailingEmbedder
from tests.builders.events import http_event
from tests.builders.functions import Functions

DOCUMENTS = "/v1/collections/guides/documents"
SEARCH = "/v1/collections/guides/search"
GET_ONE = """
import json, sys
from functions.documents_get.handler import handler
response = handler(json.loads(sys.argv[1]), None)
print(response["statusCode"], *(name for name in sys.modules if name.startswith("aws_lambda_powertools")))
"""

type Lines = pytest.CaptureFixture[str]


@pytest.fixture
def functions(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: Lines) -> Iterator[Functions]:
    """All functions, on Lambda, with a collection `guides` of two documents."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(ensure_model_files()))
    for function in list_functions():
        # On Lambda that starts it, with what only the end of the process would close.
        function.load()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "a-function")
    called = Functions()
    called("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    documents = [{"id": "a", "body": "A river."}, {"id": "b", "body": "A harbour."}]
    called("documents_upsert", http_event("POST", DOCUMENTS, {"documents": documents}))
    assert measured(capsys) == []
    yield called
    called.close()


def measured(capsys: Lines) -> list[dict[str, float]]:
    """The metrics of each line, which says nothing else but what it is for."""
    found = []
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        if "_aws" not in line:
            continue
        (about,) = line["_aws"]["CloudWatchMetrics"]
        assert (about["Namespace"], about["Dimensions"]) == ("Concord", [["service"]])
        units = {metric["Name"]: metric["Unit"] for metric in about["Metrics"]}
        assert units == {name: Metric(name).unit for name in units}
        assert set(line) == {"_aws", "service", "correlation_id", *units}
        found.append({name: line[name][0] for name in units})
    return found


def search(functions: Functions, **fields: Any) -> None:
    assert functions("documents_search", http_event("POST", SEARCH, fields))["statusCode"] == 200


def test_a_search_by_its_phases(functions: Functions, capsys: Lines) -> None:
    functions.process("chunks_embed", {"schedule": "now"})
    search(functions, q="river")
    capsys.readouterr()
    search(functions, q="river")
    (hybrid,) = measured(capsys)
    assert set(hybrid) == {"SearchEmbedQuery", "SearchDatabase", "SearchTotal", "SearchDegraded"}
    assert hybrid["SearchDegraded"] == 0
    assert 0 < hybrid["SearchEmbedQuery"] < hybrid["SearchTotal"]
    assert 0 < hybrid["SearchDatabase"] < hybrid["SearchTotal"]
    search(functions, q="river", mode="keyword")
    (keyword,) = measured(capsys)
    assert set(keyword) == {"SearchDatabase", "SearchTotal", "SearchDegraded"}


def test_a_search_that_lacks_something(functions: Functions, embedder: Embedder, capsys: Lines) -> None:
    down = FailingEmbedder(embedder, lambda _: EmbedderUnavailable())
    event = http_event("POST", SEARCH, {"q": "river"})
    functions("documents_search", event, replace={"embedder": down})
    (line,) = measured(capsys)
    assert line["SearchDegraded"] == 1


def test_reads_through_the_cache(functions: Functions, redis_url: str, capsys: Lines) -> None:
    cache = {"cache": RedisCache(redis_url, ttl_seconds=60, budget_seconds=5)}
    event = http_event("GET", f"{DOCUMENTS}/a", query=f"unique={uuid.uuid4()}")
    functions("documents_get", event, replace=cache)
    assert measured(capsys) == [{"CacheHit": 0}]
    functions("documents_get", event)
    assert measured(capsys) == [{"CacheHit": 1}]
    # The caller wanted no cache, so that there was none to miss.
    event["headers"]["cache-control"] = "no-cache"
    functions("documents_get", event)
    assert measured(capsys) == []
    functions._loop.run_until_complete(cache["cache"].aclose())


def test_embedding(functions: Functions, embedder: Embedder, capsys: Lines) -> None:
    def refused(texts: Sequence[str]) -> EmbedderRejected | None:
        return EmbedderRejected("No.") if any("harbour" in text for text in texts) else None

    unwilling = {"embedder": FailingEmbedder(embedder, refused)}
    functions.process("chunks_embed", {"schedule": "now"}, replace=unwilling)
    oldest, embedded, failed = measured(capsys)
    assert 0 < oldest["OldestPending"] < 60
    assert (embedded["EmbeddedTexts"], failed) == (1, {"DocumentsFailed": 1})
    assert embedded["EmbeddingTime"] > 0
    functions.process("chunks_embed", {"schedule": "now"})
    assert measured(capsys) == [{"OldestPending": 0}]


def test_maintenance(functions: Functions, capsys: Lines) -> None:
    functions("documents_delete", http_event("DELETE", f"{DOCUMENTS}/a"))
    functions.process("indexes_maintain", {"schedule": "now"})
    assert measured(capsys) == [{"CompactedTerms": 1, "PurgedRows": 0}]
    functions.process("documents_expire", {"schedule": "now"})
    assert measured(capsys) == [{"ExpiredDocuments": 0}]


def test_a_failure_of_ours(functions: Functions, monkeypatch: pytest.MonkeyPatch, capsys: Lines) -> None:
    monkeypatch.setattr("functions.documents_get.handler.get_document", lambda *_: 1 / 0)
    assert functions("documents_get", http_event("GET", f"{DOCUMENTS}/a"))["statusCode"] == 500
    assert measured(capsys) == [{"RequestFailed": 1}]
    assert functions("documents_list", http_event("GET", "/nowhere"))["statusCode"] == 404
    assert measured(capsys) == []


@pytest.mark.usefixtures("functions")
def test_a_read_that_measures_nothing_starts_without_what_measures(database_url: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_FUNCTION_NAME": "documents_get",
        "DATABASE_URL": database_url,
    }
    event = json.dumps(http_event("GET", f"{DOCUMENTS}/a"))
    done = subprocess.run(
        [sys.executable, "-c", GET_ONE, event], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["200"]
