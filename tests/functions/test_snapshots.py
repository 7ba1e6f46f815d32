"""SnapStart: what is in a snapshot, and what each copy that starts from it renews."""

import random
from typing import Any

import psycopg
import pytest
import snapshot_restore_py

from shared.aws.secrets import read_secret
from shared.database.connections import SingleConnection
from shared.embeddings.local import LocalEmbedder
from shared.http.lambda_function import HttpFunction
from tests.builders.events import LambdaContext, http_event
from tests.builders.functions import Functions
from tests.builders.secrets_manager import running_secrets_manager
from tests.functions.test_start import start

SEARCH = http_event("POST", "/v1/collections/guides/search", {"q": "cats", "mode": "keyword"})


def take_snapshot() -> None:
    """As Lambda's runtime runs the hooks: the last registered first."""
    registered: list[Any] = snapshot_restore_py.get_before_snapshot()
    while registered:
        work, arguments, named = registered.pop()
        work(*arguments, **named)


def restore() -> None:
    registered: list[Any] = snapshot_restore_py.get_after_restore()
    for work, arguments, named in registered:
        work(*arguments, **named)


def resources_of(function: Any) -> Any:
    assert isinstance(function, HttpFunction)
    assert function._adapter is not None
    application: Any = function._adapter.app
    return application.state


def is_loaded(embedder: LocalEmbedder) -> bool:
    return embedder._loaded is not None


def process_of(database: SingleConnection) -> int | None:
    """The server's process behind the kept connection."""
    return None if database._connection is None else database._connection.info.backend_pid


@pytest.mark.usefixtures("guides", "snapshots")
def test_the_model_is_in_the_snapshot_and_no_connection_is() -> None:
    resources = resources_of(start("documents_search"))
    assert not is_loaded(resources.embedder)
    take_snapshot()
    assert is_loaded(resources.embedder)
    assert process_of(resources.database) is None


@pytest.mark.usefixtures("guides", "snapshots")
def test_a_copy_opens_a_connection_of_its_own(database_url: str) -> None:
    search = start("documents_search")
    assert search(SEARCH, LambdaContext("documents_search"))["statusCode"] == 200
    database = resources_of(search).database
    process = process_of(database)
    restore()
    assert process_of(database) is None
    assert search(SEARCH, LambdaContext("documents_search"))["statusCode"] == 200
    assert process_of(database) != process
    database.drop()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_sleep(0.2)")
        gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        assert connection.execute(gone, [process]).fetchone() == (0,)


@pytest.mark.usefixtures("functions", "snapshots")
@pytest.mark.parametrize("name", ["documents_list", "chunks_embed"])
def test_copies_draw_different_random_numbers(name: str) -> None:
    start(name)
    state = random.getstate()
    draws = set()
    for _ in range(3):
        random.setstate(state)
        restore()
        draws.add(random.random())
    assert len(draws) == 3


@pytest.mark.usefixtures("functions", "snapshots")
def test_a_copy_reads_its_secrets_itself() -> None:
    start("documents_list")
    with running_secrets_manager() as manager:
        arn = manager.add("first")
        read_secret(arn, setting="DATABASE_SECRET_ARN")
        manager.change(arn, "second")
        restore()
        assert read_secret(arn, setting="DATABASE_SECRET_ARN") == "second"


def test_without_snapshots_nothing_waits_for_one(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    assert functions("documents_search", SEARCH)["statusCode"] == 404
    assert snapshot_restore_py.get_before_snapshot() == []
    assert snapshot_restore_py.get_after_restore() == []
