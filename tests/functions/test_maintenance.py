"""indexes_maintain and database_migrate: schedules and deployments."""

from pathlib import Path

import psycopg
import pytest

from shared.errors import InvalidRequest
from tests.builders.events import http_event, schedule_event, sqs_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert

MIGRATIONS = Path(__file__).parents[2] / "prisma" / "migrations"


def test_maintenance_folds_compacts_and_purges(
    functions: Functions, guides: Upsert, database_url: str
) -> None:
    guides({"id": "a", "body": "A river."}, {"id": "b", "body": "A mountain."})
    guides({"id": "a", "body": "A harbour."})
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "old"}))
    functions(
        "documents_upsert",
        http_event(
            "POST", "/v1/collections/old/documents", {"documents": [{"id": "a", "body": "Old river."}]}
        ),
    )
    functions("collections_delete", http_event("DELETE", "/v1/collections/old"))
    report = functions.process("indexes_maintain", schedule_event())
    # Of the deleted collection a document and two terms' blocks; of the other the term that a lost.
    assert report == {
        "collections": 1,
        "compacted_terms": 1,
        "purged_rows": 3,
        "indexed_spaces": 0,
        "complete": True,
    }
    again = functions.process("indexes_maintain", {"schedule": "now"})
    assert again == {
        "collections": 1,
        "compacted_terms": 0,
        "purged_rows": 0,
        "indexed_spaces": 0,
        "complete": True,
    }
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT name FROM concord.collection").fetchall() == [("guides",)]


@pytest.mark.parametrize("event", [{}, sqs_event("{}"), http_event("GET", "/health")])
def test_maintenance_only_runs_by_schedule(functions: Functions, event: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        functions.process("indexes_maintain", event)


def test_migrations_are_applied_once(
    functions: Functions, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(path.parent.name for path in MIGRATIONS.glob("*/migration.sql"))
    monkeypatch.setenv("DATABASE_MIGRATION_URL", empty_database_url)
    first = functions.process("database_migrate", {"RequestType": "Create"})
    assert first == {"applied": names, "already_applied": [], "missing": []}
    again = functions.process("database_migrate", {})
    assert again == {"applied": [], "already_applied": names, "missing": []}
