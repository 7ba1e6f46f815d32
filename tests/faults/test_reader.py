"""A standby that lags, dies, stands still, comes back: answers are whole, and there is always one."""

import asyncio
import time
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from shared.database.addresses import ReaderSettings
from shared.database.pool import open_pool
from shared.embeddings.protocol import Embedder
from tests.builders.calls import Calls
from tests.builders.documents import a_document
from tests.builders.fallible_postgres import FalliblePostgres
from tests.builders.library import Library
from tests.faults.conftest import Figures, OpenFunctions

LAG_SECONDS = 2.0


@pytest.fixture
def standby(server: FalliblePostgres) -> FalliblePostgres:
    return server.standby(server.data.parents[1] / "standby", delay_seconds=LAG_SECONDS)


@pytest.fixture
def calls(
    server: FalliblePostgres,
    standby: FalliblePostgres,
    functions_of: OpenFunctions,
    monkeypatch: pytest.MonkeyPatch,
) -> Calls:
    """A collection with the document `first`, of which the standby knows."""
    monkeypatch.setenv("DATABASE_READER_URL", standby.url)
    opened = Calls(functions_of(server.url))
    opened.create()
    # Nobody who has just made a collection is told that there is none.
    assert opened.found("harbour") == set()
    opened.write("first")
    wait_until(lambda: standby.execute("SELECT id FROM concord.document") == [("first",)])
    return opened


def wait_until(happened: Callable[[], bool], *, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def found_now(calls: Calls) -> set[str]:
    return {hit["document"]["id"] for hit in calls.search("harbour", consistency="strong")["hits"]}


def test_a_standby_that_lags(calls: Calls, server: FalliblePostgres, figures: Figures) -> None:
    calls.write("second")
    written = time.monotonic()
    old, new = {"first"}, {"first", "second"}
    assert (calls.found("harbour"), found_now(calls)) == (old, new)
    # Settings change what is remembered of a collection, of each server for itself.
    calls.configure({"synonyms": [["quay", "harbour"]]})
    changes = []
    while calls.found("harbour") != new or calls.found("quay") != new:
        assert found_now(calls) == new
        changes.append(calls.found("quay"))
        assert time.monotonic() - written < 20
    assert time.monotonic() - written > LAG_SECONDS - 1
    # First the old settings, then the new ones, and no mixture in between.
    assert [len(found) for found in changes] == sorted(len(found) for found in changes)
    figures.add("Reader: lagging", calls.recount(server.url))


def test_a_collection_that_is_made_anew(calls: Calls, server: FalliblePostgres, figures: Figures) -> None:
    """Of the two that had the name an answer shows one."""
    calls.drop()
    calls.create()
    calls.write("second")
    seen: list[set[str]] = []
    while not seen or seen[-1] != {"second"}:
        seen.append(calls.found("harbour"))
        assert seen[-1] in ({"first"}, set(), {"second"})
        assert found_now(calls) == {"second"}
    assert {"first"} in seen
    figures.add("Reader: lagging behind a new collection", calls.recount(server.url))


def test_a_field_that_the_standby_does_not_know_yet(calls: Calls) -> None:
    calls.write("second", metadata={"pier": 7})
    assert [hit["document"]["id"] for hit in calls.search("harbour", filter="pier = 7")["hits"]] == ["second"]


def test_similar_documents_and_suggestions_come_from_the_standby_too(calls: Calls) -> None:
    calls.write("second")
    assert calls.suggested("harb") == ["harbour"]
    # The standby does not have it, and the writer does.
    assert calls.similar("second") == ["first"]
    assert calls.similar("first") == []


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_a_standby_that_does_not_answer(
    calls: Calls, server: FalliblePostgres, standby: FalliblePostgres, fault: str, figures: Figures
) -> None:
    getattr(standby, fault)()
    calls.write("second")
    started = time.monotonic()
    assert calls.found("harbour") == {"first", "second"}
    assert time.monotonic() - started < 6
    # Nobody waits for it again soon.
    started = time.monotonic()
    assert calls.found("harbour") == {"first", "second"}
    assert time.monotonic() - started < 1
    if fault == "kill":
        standby.start()
    else:
        standby.thaw()
    calls.write("third")
    # It is asked again when it has rested, lags as before, and catches up.
    wait_until(lambda: calls.reads_of(standby) > 0)
    wait_until(lambda: calls.found("harbour") == {"first", "second", "third"})
    figures.add(f"Reader: {fault}", calls.recount(server.url))


async def test_a_pool_has_a_standby_too(
    server: FalliblePostgres, standby: FalliblePostgres, embedder: Embedder
) -> None:
    settings = ReaderSettings(database_url=SecretStr(server.url), database_reader_url=SecretStr(standby.url))
    database = open_pool(settings)
    library = Library(database, embedder)
    await library.create()
    await library.upsert(a_document("first", "A harbour."))
    await asyncio.to_thread(
        wait_until, lambda: standby.execute("SELECT id FROM concord.document") == [("first",)]
    )
    await library.upsert(a_document("second", "A harbour."))
    assert await library.find("harbour") == ["first"]
    assert await library.find("harbour", consistency="strong") == ["first", "second"]
    await asyncio.to_thread(standby.freeze)
    assert await library.find("harbour") == ["first", "second"]
    await asyncio.to_thread(standby.thaw)
    await database.aclose()


def test_a_standby_that_has_not_heard_of_a_migration(
    server: FalliblePostgres, functions_of: OpenFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its schema lacks what statements name: here, all of it."""
    monkeypatch.setenv("DATABASE_READER_URL", server.url.replace("/postgres?", "/template1?"))
    calls = Calls(functions_of(server.url))
    calls.create()
    calls.write("first")
    assert calls.found("harbour") == {"first"}
