"""`concord audit`: on a database of the test's own, and with a deployment that breaks off."""

import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.builders.command_line import concord
from tests.builders.deployment import Deployment

ENTRIES = 1_203
ADD = """
INSERT INTO concord.audit_entry (written_at, principal, action, collection, objects, object_count)
SELECT %(first)s::timestamptz + make_interval(secs => n), CASE n %% 3 WHEN 0 THEN 'key:ada' ELSE 'admin' END,
       'documents.upsert', 'guides', ARRAY['a', 'b', 'c', 'é'], 7
FROM generate_series(1, %(count)s) n
"""
ENTRY = {
    "id": 1,
    "written_at": "2026-01-01T00:00:01.5Z",
    "principal": "admin",
    "action": "aliases.delete",
    "collection": None,
    "objects": ["[bold]"],
    "object_count": 1,
    "outcome": "done",
}


@pytest.fixture
def written(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The audit has more than a page, an entry a second."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    for name in ("ADMIN_KEY_HASH", "CONCORD_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with psycopg.connect(database_url) as connection:
        connection.execute(ADD, {"first": datetime(2026, 1, 1, tzinfo=UTC), "count": ENTRIES})


@pytest.mark.usefixtures("written")
def test_all_that_is_asked_for_is_exported_once() -> None:
    done = concord("audit", "export", "--output", "audit.ndjson")
    assert (done.code, done.out) == (0, "")
    assert f"{ENTRIES} entries" in done.said
    entries = [json.loads(line) for line in Path("audit.ndjson").read_text(encoding="utf-8").splitlines()]
    times = [entry["written_at"] for entry in entries]
    assert len(set(times)) == ENTRIES
    assert times == sorted(times, reverse=True)
    assert entries[0]["objects"] == ["a", "b", "c", "é"]


@pytest.mark.usefixtures("written")
def test_a_part_is_exported_to_standard_output() -> None:
    options = ("--since", "2026-01-01T00:00:03", "--until", "2026-01-01T00:00:09", "--principal", "key:ada")
    done = concord("audit", "export", *options, "--action", "documents.upsert", "--collection", "guides")
    assert [json.loads(line)["written_at"] for line in done.out.splitlines()] == [
        "2026-01-01T00:00:06Z",
        "2026-01-01T00:00:03Z",
    ]


@pytest.mark.usefixtures("written")
def test_the_newest_are_listed() -> None:
    listed = concord("audit", "list", "--limit", "2", "--json").json["entries"]
    assert [entry["written_at"] for entry in listed] == ["2026-01-01T00:20:03Z", "2026-01-01T00:20:02Z"]


def test_a_table_shows_entries_as_they_are(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    many = ENTRY | {"collection": "guides", "objects": ["a", "b", "c", "d"], "object_count": 5}
    counted = ENTRY | {"objects": [], "object_count": 20}
    deployment.answer(200, {"entries": [ENTRY, many, counted, counted | {"object_count": 0}], "cursor": "x"})
    shown = concord("audit", "list", "--url", deployment.url)
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in shown.out.splitlines() if "│" in line
    ]
    assert rows == [
        ["2026-01-01 00:00:01", "admin", "aliases.delete", "", "[bold]", "done"],
        ["2026-01-01 00:00:01", "admin", "aliases.delete", "guides", "a, b, c and 2 more", "done"],
        ["2026-01-01 00:00:01", "admin", "aliases.delete", "", "20", "done"],
        ["2026-01-01 00:00:01", "admin", "aliases.delete", "", "", "done"],
    ]
    assert deployment.asked[0][1] == "/v1/audit?limit=50"


def test_what_breaks_off_is_no_file(deployment: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "audit.ndjson"
    deployment.answer(200, {"entries": [ENTRY], "cursor": "abc"})
    forbidden = {"code": "permission_denied", "message": "The key does not permit this.", "details": []}
    deployment.answer(403, {"error": forbidden})
    done = concord("audit", "export", "--output", str(file), "--url", deployment.url)
    assert done.code == 1
    assert "does not permit" in done.said
    assert list(tmp_path.iterdir()) == []
    assert deployment.asked[1][1] == "/v1/audit?limit=1000&cursor=abc"
