"""`concord doctor`, `migrate`, `functions` and `openapi`."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.local import openapi
from shared.local.redis import embedded_redis
from tests.builders.command_line import concord

NOBODY = "postgresql://postgres@127.0.0.1:1/postgres"


def findings(report: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    return {check["name"]: (check["ok"], check["finding"]) for check in report["checks"]}


@pytest.mark.usefixtures("laptop")
def test_a_healthy_laptop() -> None:
    examined = concord("doctor", "--json")
    assert examined.code == 0
    assert examined.json["ok"]
    found = findings(examined.json)
    assert list(found) == [
        "settings", "database", "pgvector", "indexes", "migrations", "work", "row security", "redis",
        "embedder",
    ]  # fmt: skip
    assert found["database"][1].startswith("PostgreSQL 18")
    assert found["embedder"][1].startswith("all-MiniLM-L6-v2, 384 dimensions")
    assert found["row security"] == (True, "binds concord_app, signed in as postgres")
    assert found["redis"] == (True, "not configured: every read asks the database")
    text = concord("doctor").out
    assert "ok    pgvector  0.8" in text


def test_a_database_without_migrations(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    examined = concord("doctor")
    assert examined.code == 1
    assert "wrong pgvector  not installed" in examined.out
    assert "wrong migrations  the database and the files differ: 2026" in examined.out


def test_a_database_that_is_away(laptop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert laptop.is_dir()
    monkeypatch.setenv("DATABASE_URL", NOBODY)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("EMBEDDING_MODEL", "another")
    found = findings(concord("doctor", "--json").json)
    assert [name for name, (ok, _) in found.items() if not ok] == [
        "database",
        "migrations",
        "redis",
        "embedder",
    ]
    assert found["redis"][1] == "does not answer"
    assert "EMBEDDING_MODEL" in found["embedder"][1]


@pytest.mark.usefixtures("laptop")
def test_settings_that_are_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_TTL_SECONDS", "long")
    monkeypatch.setenv("DATABASE_POOL_SIZE", "0")
    monkeypatch.setenv("DATABASE_URL", NOBODY)
    examined = concord("doctor", "--json")
    found = findings(examined.json)
    assert examined.code == 1
    assert found["settings"][0] is False
    assert "CACHE_TTL_SECONDS" in found["settings"][1]
    assert "DATABASE_POOL_SIZE" in found["settings"][1]
    assert "DATABASE_POOL_SIZE" in found["database"][1]


def test_a_redis_that_answers(laptop: Path) -> None:
    with embedded_redis(laptop / ".concord"):
        found = findings(concord("doctor", "--json").json)
    assert found["redis"][0]
    assert found["redis"][1].startswith("answers in ")


def test_migrations_are_shown_and_applied(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    before = concord("migrate", "--status", "--json")
    assert (before.code, before.json["up_to_date"], before.json["applied"]) == (1, False, [])
    names = before.json["pending"]
    assert names
    assert concord("migrate", "--status").out.splitlines() == [f"pending: {name}" for name in names]
    found_hash = concord("migrate", "--hash").out.strip()
    assert concord("migrate", "--json").json == {
        "applied": names,
        "already_applied": [],
        "missing": [],
        "roles": [],
        "hash": found_hash,
    }
    after = concord("migrate", "--status")
    assert after.code == 0
    assert after.out.splitlines() == [*(f"applied: {name}" for name in names), "The database is up to date."]
    assert concord("migrate").out.splitlines()[0] == f"already applied: {names[0]}"


def test_the_hash_of_migrations_asks_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = concord("migrate", "--hash")
    assert (shown.code, len(shown.out.strip())) == (0, 64)
    assert concord("migrate", "--hash", "--json").json == {"hash": shown.out.strip()}
    assert not (tmp_path / ".concord").exists()
    assert concord("migrate", "--hash", "--status").code == 2


def test_other_commands_refuse_a_database_without_them(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    refused = concord("search", "x", "-c", "y")
    assert (refused.code, "Run `concord migrate`" in refused.said) == (1, True)


def test_functions_are_those_of_the_template() -> None:
    template = (Path(__file__).parents[2] / "template.yaml").read_text()
    listed = {function["name"]: function for function in concord("functions", "--json").json}
    assert all(f"functions.{name}.handler.handler" in template for name in listed)
    assert listed["documents_search"]["routes"] == [
        "GET /v1/collections/{collection}/search",
        "POST /v1/collections/{collection}/search",
    ]
    assert listed["chunks_embed"]["trigger"] == "sqs, schedule"
    assert listed["chunks_embed"]["schedules"] == [300]
    assert listed["database_migrate"]["trigger"] == "deploy"
    assert "documents_search" in concord("functions").out


def test_the_api_is_described() -> None:
    described = json.loads(concord("openapi").out)
    assert described["openapi"].startswith("3.")
    assert "/v1/collections/{collection}/search" in described["paths"]


def test_the_description_is_written_where_it_is_served_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openapi, "COMMITTED", tmp_path / "openapi.json")
    assert concord("openapi", "--write").out == ""
    assert (tmp_path / "openapi.json").read_text() == concord("openapi").out
