"""A function that has several secrets reads them while it starts, each beside the others."""

import threading
import time
from collections.abc import Iterator

import pytest

from shared.aws import secrets
from shared.aws.secrets import forget_secrets
from shared.aws.snapshots import after_restore
from tests.builders.secrets_manager import SecretsManager, running_secrets_manager
from tests.functions.test_snapshots import restore, take_snapshot
from tests.functions.test_start import start

NAMES = ["documents_get", "chunks_embed"]

pytestmark = pytest.mark.usefixtures("loop")
every_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def manager() -> Iterator[SecretsManager]:
    with running_secrets_manager() as running:
        yield running


@pytest.fixture
def arns(manager: SecretsManager, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Those of the database and of Redis, of which the functions are told."""
    database = manager.add({"username": "ann", "password": "of the database"})
    redis = manager.add({"password": "of Redis"})
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_ENDPOINT", "localhost:1/app")
    monkeypatch.setenv("DATABASE_SECRET_ARN", database)
    monkeypatch.setenv("REDIS_URL", "redis://localhost:1/0")
    monkeypatch.setenv("REDIS_SECRET_ARN", redis)
    return [database, redis]


def known() -> set[str]:
    """The secrets that have been read, when nobody is reading any more."""
    deadline = time.monotonic() + 10
    while any(thread.name.endswith("_SECRET_ARN") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return set(secrets._known)


@every_name
def test_both_are_read_on_lambda(arns: list[str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start(name)
    assert known() == set()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)
    start(name)
    assert known() == set(arns)


@every_name
def test_one_alone_is_read_when_it_is_needed(
    arns: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(arns) == 2
    monkeypatch.delenv("REDIS_SECRET_ARN")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)
    start(name)
    assert known() == set()


def test_one_that_is_refused_stops_no_start(
    arns: list[str], manager: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, redis = arns
    manager.remove(redis)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "documents_get")
    start("documents_get")
    assert known() == {database}


@every_name
@pytest.mark.usefixtures("snapshots")
def test_each_copy_of_a_snapshot_reads_them_itself(
    arns: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)
    start(name)
    take_snapshot()
    assert known() == set()
    # They may be there before the last hook has run, and no hook may take them away again.
    after_restore(known)
    restore()
    assert known() == set(arns)
    forget_secrets()
