"""An embedding provider that is down, slow, or answers with other vectors than were asked for."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.errors import EmbedderUnavailable
from tests.builders.calls import Calls
from tests.builders.embedding_state import execute
from tests.builders.functions import Functions
from tests.faults.conftest import Figures, OpenFunctions
from tests.integration.embeddings.endpoint import EmbeddingEndpoint, Scripted, number_of, packed

DIMENSIONS = 2
# A query is given three; then the words go alone.
PATIENCE_SECONDS = 4.5


def answer(request: dict[str, Any], *, dimensions: int = DIMENSIONS) -> dict[str, object]:
    vectors = [(number_of(text) * dimensions)[:dimensions] for text in request["input"]]
    return {"data": [{"index": place, "embedding": packed(vector)} for place, vector in enumerate(vectors)]}


@pytest.fixture
def endpoint() -> Iterator[EmbeddingEndpoint]:
    with EmbeddingEndpoint(answer) as started:
        yield started


@pytest.fixture
def functions(
    endpoint: EmbeddingEndpoint,
    database_url: str,
    functions_of: OpenFunctions,
    monkeypatch: pytest.MonkeyPatch,
) -> Functions:
    for name, value in {
        "EMBEDDING_PROVIDER": "openai",
        "EMBEDDING_MODEL": "two-numbers",
        "EMBEDDING_DIMENSIONS": str(DIMENSIONS),
        "OPENAI_BASE_URL": endpoint.url,
        "OPENAI_API_KEY": "none",
    }.items():
        monkeypatch.setenv(name, value)
    return functions_of(database_url)


def embed(functions: Functions, *, seconds: float = 60) -> dict[str, int]:
    report: dict[str, int] = functions.process("chunks_embed", {"schedule": "now"}, seconds=seconds)
    return report


def assert_only_words_answer(calls: Calls, expected: set[str]) -> None:
    started = time.monotonic()
    found = calls.search("harbour")
    assert time.monotonic() - started < PATIENCE_SECONDS
    assert (found["mode"], found["degraded"]) == ("keyword", ["semantic"])
    assert {hit["document"]["id"] for hit in found["hits"]} == expected


def assert_all_answers(calls: Calls, database_url: str, expected: set[str]) -> None:
    found = calls.search("harbour")
    assert (found["mode"], found["degraded"]) == ("hybrid", [])
    assert {hit["document"]["id"] for hit in found["hits"]} == expected
    counts = "SELECT (SELECT count(*) FROM concord.embedding), (SELECT count(*) FROM concord.chunk)"
    ((vectors, chunks),) = execute(database_url, counts)
    assert vectors == chunks == len(expected)


FAULTS: dict[str, Callable[[], Scripted]] = {
    "down": lambda: Scripted(b"", status=503),
    "slow": lambda: Scripted(answer, delay=5.0),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_provider_that_does_not_answer(
    endpoint: EmbeddingEndpoint,
    functions: Functions,
    database_url: str,
    fault: str,
    figures: Figures,
) -> None:
    """Documents wait for it, however long, and come to their vectors without anybody's help."""
    calls = Calls(functions)
    calls.create()
    calls.write("before")
    assert embed(functions)["ready"] == 1
    endpoint.usual = FAULTS[fault]()
    calls.write("during")
    assert_only_words_answer(calls, {"before", "during"})
    # The time of the event, and not a number of tries, is what ends it.
    with pytest.raises(EmbedderUnavailable):
        embed(functions, seconds=4)
    assert calls.state("during")[0] == "pending"
    endpoint.usual = Scripted(answer)
    assert embed(functions)["ready"] == 1
    assert_all_answers(calls, database_url, {"before", "during"})
    figures.add(f"Embedder: {fault}", calls.recount(database_url))


def test_a_provider_of_other_dimensions(
    endpoint: EmbeddingEndpoint, functions: Functions, database_url: str, figures: Figures
) -> None:
    """No such vector is stored: the document says so, and is embedded when it is sent again."""
    calls = Calls(functions)
    calls.create()
    calls.write("before")
    assert embed(functions)["ready"] == 1
    endpoint.usual = Scripted(lambda request: answer(request, dimensions=3))
    calls.write("during")
    assert_only_words_answer(calls, {"before", "during"})
    assert embed(functions)["failed"] == 1
    state, reason = calls.state("during")
    assert state == "failed"
    assert reason is not None
    assert "EMBEDDING_DIMENSIONS is 2" in reason
    endpoint.usual = Scripted(answer)
    calls.write("during")
    assert embed(functions)["ready"] == 1
    assert_all_answers(calls, database_url, {"before", "during"})
    figures.add("Embedder: other dimensions", calls.recount(database_url))
