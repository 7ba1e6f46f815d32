import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shared.database.migrations import migration_status
from shared.embeddings import local_model_build
from shared.embeddings.local_model_files import is_whole
from shared.errors import MigrationError
from shared.local.environment import EMBED_QUEUE_URL, Migrations, laptop_environment
from shared.local.redis import embedded_redis
from tests.builders.command_line import servers_of

NAMES = (
    "DATABASE_URL",
    "DATABASE_SECRET_ARN",
    "DATABASE_IAM_USER",
    "DATABASE_MIGRATION_URL",
    "DATABASE_PREPARED_STATEMENTS",
    "REDIS_URL",
    "EMBED_QUEUE_URL",
    "IMPORT_BUCKET",
    "EMBEDDING_MODEL_DIR",
    "EMBEDDING_PROVIDER",
)

CLAIMED_JOB = """
WITH made AS (
    INSERT INTO concord.collection (name, space_id)
    VALUES ('pets', concord.open_embedding_space('model', 3)) RETURNING id
), document AS (
    INSERT INTO concord.document (collection_id, id, number, index_number, body, content_hash, text_hash)
    SELECT id, 'dog', 1, 1, '', '', '' FROM made RETURNING collection_id
)
INSERT INTO concord.embedding_job (collection_id, document_number, index_number, claimed_until)
SELECT collection_id, 1, 1, now() + interval '1 hour' FROM document
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(autouse=True)
def _bare_environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(project)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    yield
    assert servers_of(project) == []


def is_migrated(url: str) -> bool:
    return asyncio.run(migration_status(url)).up_to_date


def test_what_is_not_configured_is_started_and_set(project: Path) -> None:
    with laptop_environment():
        url = os.environ["DATABASE_URL"]
        assert str(project) in url
        assert is_migrated(url)
        assert os.environ["DATABASE_PREPARED_STATEMENTS"] == "true"
        assert os.environ["EMBED_QUEUE_URL"] == EMBED_QUEUE_URL
        assert os.environ["IMPORT_BUCKET"] == f"folder:{project / '.concord' / 'objects'}"
        assert is_whole(Path(os.environ["EMBEDDING_MODEL_DIR"]))
        assert "REDIS_URL" not in os.environ
        assert servers_of(project) == ["postgres"]
    assert [name for name in NAMES if name in os.environ] == []


def test_the_embedded_database_is_migrated_whoever_owns_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("DATABASE_MIGRATION_URL", "postgresql://owner@nowhere.invalid/app")
        with laptop_environment():
            assert is_migrated(os.environ["DATABASE_URL"])


def test_no_model_is_built_for_another_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_PROVIDER", "bedrock")
    with laptop_environment():
        assert "EMBEDDING_MODEL_DIR" not in os.environ


def test_without_weights_no_model_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_model_build, "WEIGHTS_PACKAGE", "no_such_weights")
    with laptop_environment():
        assert "EMBEDDING_MODEL_DIR" not in os.environ


def test_a_redis_is_started_when_asked_for(project: Path) -> None:
    with laptop_environment(with_redis=True):
        assert os.environ["REDIS_URL"].startswith("unix://")
        assert servers_of(project) == ["postgres", "redis-server"]


def test_a_redis_that_runs_is_used(project: Path) -> None:
    with embedded_redis(project / ".concord") as url, laptop_environment():
        assert os.environ["REDIS_URL"] == url


@pytest.mark.parametrize("name", ["DATABASE_SECRET_ARN", "DATABASE_IAM_USER"])
def test_another_way_to_a_database_wins_over_the_embedded_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "set")
    with laptop_environment(migrations=Migrations.LEAVE):
        assert "DATABASE_URL" not in os.environ
        assert servers_of(project) == []


def test_what_is_configured_is_used(
    project: Path, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "DATABASE_URL": empty_database_url,
        "REDIS_URL": "redis://somewhere:6379/0",
        "EMBED_QUEUE_URL": "in-process:mine",
        "IMPORT_BUCKET": "mine",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with laptop_environment(migrations=Migrations.APPLY, with_redis=True):
        assert servers_of(project) == []
        assert {name: os.environ[name] for name in given} == given
        assert is_migrated(empty_database_url)
    assert {name: os.environ[name] for name in given} == given
    with laptop_environment():
        assert is_migrated(empty_database_url)


def test_a_redis_of_ones_own_serves_an_embedded_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://somewhere:6379/0")
    with laptop_environment(with_redis=True):
        assert os.environ["REDIS_URL"] == "redis://somewhere:6379/0"


def test_the_database_of_somebody_else_is_not_changed(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    with pytest.raises(MigrationError, match=r"lacks 2026.*Run `concord migrate`"), laptop_environment():
        pass
    for leaving in (Migrations.LEAVE, Migrations.APPLY_TO_EMBEDDED):
        with laptop_environment(migrations=leaving):
            assert not is_migrated(empty_database_url)


def test_what_was_set_before_is_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PREPARED_STATEMENTS", "false")
    with laptop_environment():
        assert os.environ["DATABASE_PREPARED_STATEMENTS"] == "true"
    assert os.environ["DATABASE_PREPARED_STATEMENTS"] == "false"


def test_claims_of_the_killed_are_free_when_nobody_else_is_there() -> None:
    def claimed() -> bool:
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            row = connection.execute("SELECT claimed_until IS NOT NULL FROM concord.embedding_job").fetchone()
        assert row is not None
        return bool(row[0])

    with laptop_environment():
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            connection.execute(CLAIMED_JOB)
        with laptop_environment():
            pass
        assert claimed()
    with laptop_environment():
        assert not claimed()
