"""Functions whose database is named by a secret, or by an endpoint and IAM."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.builders.events import error_answer, http_event
from tests.builders.functions import Functions
from tests.builders.postgres_proxy import postgres_proxy
from tests.builders.secrets_manager import SecretsManager, running_secrets_manager

LIST = http_event("GET", "/v1/collections")


@pytest.fixture
def manager() -> Iterator[SecretsManager]:
    with running_secrets_manager() as running:
        yield running


@pytest.fixture
def endpoint(functions: Functions, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """`DATABASE_ENDPOINT` of the test's database, which lets everybody in, in place of its URL."""
    assert functions
    monkeypatch.delenv("DATABASE_URL")
    with postgres_proxy(database_url) as proxy:
        yield f"127.0.0.1:{proxy.port}/{urlsplit(database_url).path.strip('/')}"


def test_a_secret_as_rds_manages_it(
    functions: Functions, manager: SecretsManager, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ARN", manager.add({"username": "postgres", "password": "p@ss"}))
    monkeypatch.setenv("DATABASE_ENDPOINT", endpoint)
    assert functions("collections_list", LIST)["statusCode"] == 200
    assert functions.process("chunks_embed", {"schedule": "now"})["ready"] == 0


@pytest.mark.usefixtures("manager")
def test_iam(functions: Functions, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_IAM_USER", "postgres")
    monkeypatch.setenv("DATABASE_ENDPOINT", endpoint)
    assert functions("collections_list", LIST)["statusCode"] == 200


def test_a_secret_that_is_refused_is_an_error_of_ours_and_told_in_the_log(
    functions: Functions,
    manager: SecretsManager,
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    arn = manager.add({"username": "postgres", "password": "p@ss"})
    manager.remove(arn)
    monkeypatch.setenv("DATABASE_SECRET_ARN", arn)
    monkeypatch.setenv("DATABASE_ENDPOINT", endpoint)
    expected = error_answer(500, "internal_error", "Something went wrong on our side.", "internal")
    assert functions("collections_list", LIST) == expected
    logged = capfd.readouterr().err
    assert "DATABASE_SECRET_ARN: Secrets Manager refuses" in logged
    assert arn not in logged


def test_an_outage_of_secrets_manager_is_one_of_the_function(
    functions: Functions,
    manager: SecretsManager,
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
    unused_tcp_port: int,
) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ARN", manager.add({"username": "postgres", "password": "p@ss"}))
    monkeypatch.setenv("DATABASE_ENDPOINT", endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_tcp_port}")
    assert functions("collections_list", LIST) == error_answer(
        503,
        "secret_unavailable",
        "The secret that is needed cannot be read; try again.",
        "unavailable",
        [],
        **{"retry-after": "2"},
    )
