"""The schema, its migrations, the generated rows and the list of indexes say the same."""

import re
from pathlib import Path

import psycopg
import pytest

from tests.builders.prisma import PRISMA_FOLDER, Prisma

ROWS = PRISMA_FOLDER.parent / "shared" / "database" / "rows.py"

# Prisma cannot model all of these, and would drop an index it does not know: nothing may add or
# remove one by accident.
INDEXES = """
""".strip().splitlines()

INDEXES_OF_A_SPACE = """
""".strip().splitlines()

SELECT_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = %s ORDER BY indexname"


def indexes(connection: psycopg.Connection, schema: str) -> list[str]:
    return [row[0] for row in connection.execute(SELECT_INDEXES, [schema])]


def test_the_migrations_make_what_the_schema_says(empty_database_url: str, prisma: Prisma) -> None:
    difference = prisma(
        *("migrate", "diff", "--exit-code", "--script"),
        *("--from-migrations", "migrations", "--to-schema-datamodel", "schema.prisma"),
        database_url=empty_database_url,
    )
    assert difference.returncode == 0, difference.stdout + difference.stderr


def test_a_difference_is_noticed(
    empty_database_url: str, prisma: Prisma, tmp_path: Path
) -> None:
    schema = (PRISMA_FOLDER / "schema.prisma").read_text()
    changed = tmp_path / "schema.prisma"
    changed.write_text(re.sub(r"^( +)title +String\?", r"\1title Int?", schema, flags=re.MULTILINE))
    difference = prisma(
        *("migrate", "diff", "--exit-code", "--script"),
        *("--from-migrations", "migrations", "--to-schema-datamodel", str(changed)),
        database_url=empty_database_url,
    )
    assert (difference.returncode, '"title" INTEGER' in difference.stdout) == (2, True)


def test_the_rows_are_those_of_the_schema(prisma: Prisma, postgres_url: str, tmp_path: Path) -> None:
    schema = (PRISMA_FOLDER / "schema.prisma").read_text()
    written = tmp_path / "rows.py"
    elsewhere = tmp_path / "schema.prisma"
    elsewhere.write_text(schema.replace("../shared/database/rows.py", str(written)))
    generated = prisma("generate", "--schema", str(elsewhere), database_url=postgres_url)
    assert generated.returncode == 0, generated.stdout + generated.stderr
    assert written.read_text() == ROWS.read_text()


def test_the_schema_is_formatted(prisma: Prisma, postgres_url: str) -> None:
    checked = prisma("format", "--check", database_url=postgres_url)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_indexes_are_the_pinned_ones(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert indexes(connection, "concord") == INDEXES
        assert indexes(connection, "concord_embedding") == []


@pytest.mark.parametrize(("model", "dimensions"), [("model", 384), ("other", 3)])
def test_an_embedding_space_has_the_pinned_indexes(
    database_url: str, model: str, dimensions: int
) -> None:
    with psycopg.connect(database_url) as connection:
        opened = connection.execute(
            "SELECT concord.open_embedding_space(%s, %s)", [model, dimensions]
        ).fetchone()
        assert opened is not None
        expected = [
            line.format(space=opened[0], dimensions=dimensions) for line in INDEXES_OF_A_SPACE
        ]
        assert indexes(connection, "concord_embedding") == expected
        assert indexes(connection, "concord") == INDEXES


def test_the_lock_file_ties_nobody_to_a_registry() -> None:
    lock = (PRISMA_FOLDER / "package-lock.json").read_text()
    assert "resolved" not in lock
    assert "registry" not in lock
