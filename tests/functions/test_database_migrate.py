"""database_migrate, as CloudFormation calls it and by hand."""

import json
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from functions.database_migrate.handler import handler
from shared.config import ConfigurationError
from shared.database.migration_files import MIGRATIONS_FOLDER, migrations_hash, read_migrations
from shared.database.owner_connections import ADVISORY_LOCK
from shared.database.roles import ROLES, SEARCH
from tests.builders.answer_address import AnswerAddress, answer_address, custom_resource_event
from tests.builders.events import LambdaContext
from tests.builders.postgres import NEWEST_VERSION, temporary_database
from tests.builders.role_server import RoleServer, execute, new_logins, role_server, url_for
from tests.builders.secrets_manager import SecretsManager, running_secrets_manager

NAMES = [migration.name for migration in read_migrations(MIGRATIONS_FOLDER)]
HASH = migrations_hash(MIGRATIONS_FOLDER)
SET_UP = tuple(sorted(ROLES))
NOBODY = "postgresql://postgres@127.0.0.1:1/postgres"


@pytest.fixture(scope="module")
def server() -> Iterator[RoleServer]:
    with role_server(NEWEST_VERSION) as started:
        yield started


@pytest.fixture
def url(server: RoleServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The owner's address of an empty database, which is where migrations go."""
    with server.without_roles(), temporary_database(server.url) as created:
        monkeypatch.setenv("DATABASE_URL", NOBODY)
        monkeypatch.setenv("DATABASE_MIGRATION_URL", created)
        yield created


@pytest.fixture
def address() -> Iterator[AnswerAddress]:
    with answer_address() as opened:
        yield opened


@pytest.fixture
def secrets() -> Iterator[SecretsManager]:
    with running_secrets_manager() as running:
        yield running


def migrate(event: object, *, seconds: float = 60.0) -> Any:
    return json.loads(json.dumps(handler(event, LambdaContext("database_migrate", seconds))))


def deploy(
    address: AnswerAddress, kind: str = "Update", *, seconds: float = 60.0, **properties: object
) -> Any:
    """The answer to a deployment."""
    address.requests.clear()
    migrate(custom_resource_event(kind, address.url, **properties), seconds=seconds)
    return address.answer


def tables(url: str) -> int:
    return len(execute(url, "SELECT 1 FROM pg_tables WHERE schemaname = 'concord'"))


@pytest.mark.usefixtures("url")
def test_by_hand_it_applies_once_and_reports() -> None:
    report = {"applied": NAMES, "already_applied": [], "missing": [], "roles": [], "hash": HASH}
    assert migrate({}) == report
    assert migrate({"any": "event"}) == {**report, "applied": [], "already_applied": NAMES}


@pytest.mark.usefixtures("url")
def test_a_deployment_applies_and_reports(address: AnswerAddress) -> None:
    created = deploy(address, "Create", MigrationsHash=HASH)
    assert (created["Status"], created["PhysicalResourceId"]) == ("SUCCESS", "concord-database")
    assert created["Data"] == {"applied": ", ".join(NAMES), "already_applied": "0", "hash": HASH, "roles": ""}
    updated = deploy(address, MigrationsHash=HASH, After=["something"], Logins="secret")
    assert updated["Data"] == {"applied": "", "already_applied": str(len(NAMES)), "hash": HASH, "roles": ""}


def test_a_deployment_gives_the_roles_the_logins_of_their_secrets(
    url: str, address: AnswerAddress, secrets: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = new_logins()
    arns = [secrets.add({"username": login.username, "password": login.password}) for login in logins]
    monkeypatch.setenv("DATABASE_ROLE_SECRET_ARNS", ",".join(arns))
    assert deploy(address, "Create")["Data"]["roles"] == ", ".join(SET_UP)
    for login in logins:
        assert execute(url_for(url, login), "SELECT current_user") == [(login.username,)]

    (rotated,) = new_logins(SEARCH)
    secrets.change(arns[ROLES.index(SEARCH)], {"username": SEARCH, "password": rotated.password})
    assert migrate({})["roles"] == list(SET_UP)
    assert execute(url_for(url, rotated), "SELECT current_user") == [(SEARCH,)]


def test_a_deployment_lets_the_roles_use_iam(
    url: str, address: AnswerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_IAM_ROLES", "true")
    assert "no role rds_iam" in deploy(address, "Create")["Reason"]
    execute(url, "CREATE ROLE rds_iam")
    assert deploy(address)["Data"]["roles"] == ", ".join(SET_UP)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (
            {"username": "postgres", "password": "hunter2"},
            "for the user postgres, which is none of the roles",
        ),
        ({"username": SEARCH}, "DATABASE_ROLE_SECRET_ARNS: the secret must be JSON with the texts username"),
        ("hunter2", "DATABASE_ROLE_SECRET_ARNS: the secret must be JSON"),
    ],
)
def test_a_secret_of_another_kind_fails_before_anything_is_done(
    url: str,
    address: AnswerAddress,
    secrets: SecretsManager,
    monkeypatch: pytest.MonkeyPatch,
    secret: object,
    reason: str,
) -> None:
    monkeypatch.setenv("DATABASE_ROLE_SECRET_ARNS", secrets.add(secret))
    answer = deploy(address, "Create")
    assert answer["Status"] == "FAILED"
    assert reason in answer["Reason"]
    assert "hunter2" not in json.dumps(answer)
    assert tables(url) == 0


def test_template_and_package_must_be_of_one_build(url: str, address: AnswerAddress) -> None:
    answer = deploy(address, "Create", MigrationsHash="0" * 64)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "Template and package are not of one build: the template is for migrations with the hash"
        f" {'0' * 64}, the package's have {HASH}. Package again and deploy both."
    )
    assert tables(url) == 0


@pytest.mark.parametrize("malformed", [5, ["a"]])
def test_malformed_properties_are_a_reason(url: str, address: AnswerAddress, malformed: object) -> None:
    answer = deploy(address, "Create", MigrationsHash=malformed)
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "ResourceProperties.MigrationsHash must be text.",
    )
    assert tables(url) == 0


def test_a_changed_migration_is_refused(url: str, address: AnswerAddress) -> None:
    migrate({})
    execute(url, f"UPDATE _prisma_migrations SET checksum = '{'0' * 64}' WHERE migration_name = '{NAMES[0]}'")
    answer = deploy(address)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"The file of an applied migration has changed since: {NAMES[0]}.")


def test_out_of_time_it_stops_and_answers(url: str, address: AnswerAddress) -> None:
    """Here another deployment holds the lock, for which it would wait longer than it has time."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        started = time.monotonic()
        answer = deploy(address, "Create", seconds=2)
        assert time.monotonic() - started < 6
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
        assert execute(url, waiting) == []
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "The work did not end within the function's time and was stopped.",
    )
    assert deploy(address, "Create")["Status"] == "SUCCESS"


def test_a_database_that_is_away_is_a_reason(address: AnswerAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner:hunter2@127.0.0.1:1/name")
    answer = deploy(address, "Create")
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("The database does not answer: ")
    assert "hunter2" not in answer["Reason"]


def test_a_delete_deletes_nothing_and_asks_nobody(url: str, address: AnswerAddress) -> None:
    migrate({})
    before = tables(url)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_MIGRATION_URL", NOBODY)
        answer = deploy(address, "Delete", MigrationsHash="0" * 64)
    assert (answer["Status"], answer["PhysicalResourceId"], answer["Data"]) == ("SUCCESS", "as-created", {})
    assert (before > 0, tables(url)) == (True, before)


def test_a_missing_setting_is_a_reason_and_no_hanging_deployment(
    address: AnswerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "database_migrate")
    answer = deploy(address, "Create")
    assert answer["Status"] == "FAILED"
    assert "set DATABASE_URL, DATABASE_SECRET_ARN or DATABASE_IAM_USER" in answer["Reason"]
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        migrate({})
