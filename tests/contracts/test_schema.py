"""The schema, its migrations, the generated rows and the list of indexes say the same."""

import re
import shutil
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow, class_row

from shared.database import rows
from tests.builders.prisma import PRISMA_FOLDER, Prisma

ROWS = PRISMA_FOLDER.parent / "shared" / "database" / "rows.py"
ROW_CLASSES = [row for name, row in vars(rows).items() if name.endswith("Row")]

# Prisma cannot model all of these, and would drop an index it does not know: nothing may add or
# remove one by accident.
INDEXES = """
INDEX alias_collection_id_idx ON alias (collection_id)
UNIQUE INDEX alias_pkey ON alias (name)
UNIQUE INDEX api_key_pkey ON api_key (id)
INDEX audit_entry_collection_id_idx ON audit_entry (collection, id)
UNIQUE INDEX audit_entry_pkey ON audit_entry (id)
INDEX audit_entry_principal_id_idx ON audit_entry (principal, id)
INDEX audit_entry_refused_idx ON audit_entry (principal, written_at) WHERE (outcome <> 'done'::text)
INDEX audit_entry_written_at_idx ON audit_entry (written_at)
INDEX chunk_collection_id_document_number_ordinal_idx ON chunk (collection_id, document_number, ordinal)
UNIQUE INDEX chunk_pkey ON chunk (collection_id, id)
UNIQUE INDEX collection_name_live_idx ON collection (name) WHERE (deleted_at IS NULL)
UNIQUE INDEX collection_pkey ON collection (id)
UNIQUE INDEX collection_settings_pkey ON collection_settings (collection_id)
INDEX collection_tombstone_idx ON collection (deleted_at) WHERE (deleted_at IS NOT NULL)
UNIQUE INDEX deletion_pkey ON deletion (collection_id, id)
UNIQUE INDEX discarded_original_pkey ON discarded_original (object_key)
UNIQUE INDEX document_collection_id_index_number_key ON document (collection_id, index_number)
UNIQUE INDEX document_collection_id_number_key ON document (collection_id, number)
INDEX document_expiry_idx ON document (collection_id, expires_at) WHERE (expires_at IS NOT NULL)
INDEX document_metadata_idx ON document USING gin (metadata jsonb_path_ops)
INDEX document_original_object_key_idx ON document_original (object_key)
UNIQUE INDEX document_original_pkey ON document_original (collection_id, document_number)
UNIQUE INDEX document_pkey ON document (collection_id, id)
UNIQUE INDEX embedding_backfill_pkey ON embedding_backfill (collection_id, document_number)
UNIQUE INDEX embedding_change_pkey ON embedding_change (collection_id)
INDEX embedding_job_due_idx ON embedding_job (created_at) WHERE (state = 'pending'::embedding_state)
UNIQUE INDEX embedding_job_pkey ON embedding_job (collection_id, document_number)
UNIQUE INDEX embedding_pkey ON ONLY embedding (space_id, collection_id, document_number, chunk_id)
UNIQUE INDEX embedding_space_model_dimensions_key ON embedding_space (model, dimensions)
UNIQUE INDEX embedding_space_pkey ON embedding_space (id)
UNIQUE INDEX export_pkey ON export (collection_id, id)
INDEX export_unfinished_idx ON export (collection_id) WHERE (finished_at IS NULL)
INDEX idempotent_request_created_at_idx ON idempotent_request (created_at)
UNIQUE INDEX idempotent_request_pkey ON idempotent_request (principal, route, key)
UNIQUE INDEX import_error_pkey ON import_error (collection_id, import_id, run, line)
UNIQUE INDEX import_pkey ON import (collection_id, id)
INDEX import_running_idx ON import (lease_until) WHERE (state = 'running'::text)
UNIQUE INDEX keyword_block_pkey ON keyword_block (collection_id, term_id, block) \
INCLUDE (posting_count, best_impact)
UNIQUE INDEX keyword_retired_pkey ON keyword_retired (collection_id, index_number)
UNIQUE INDEX keyword_statistic_pkey ON keyword_statistic (collection_id, id)
UNIQUE INDEX keyword_term_pkey ON keyword_term (collection_id, term)
INDEX keyword_word_fragments_idx ON keyword_word USING gin (fragments) \
WITH (fastupdate='on', gin_pending_list_limit='256')
INDEX keyword_word_length_idx ON keyword_word (((((collection_id)::bigint * 64) + length(word))), word)
UNIQUE INDEX keyword_word_pkey ON keyword_word (collection_id, word)
UNIQUE INDEX metadata_field_pkey ON metadata_field (collection_id, name)
UNIQUE INDEX role_grant_pkey ON role_grant (role, object)
UNIQUE INDEX signing_key_pkey ON signing_key (issuer, kid)
INDEX source_item_failing_idx ON source_item (collection_id, source_id, key) WHERE (error IS NOT NULL)
INDEX source_item_pending_idx ON source_item (collection_id, source_id, key) WHERE (pending_run IS NOT NULL)
UNIQUE INDEX source_item_pkey ON source_item (collection_id, source_id, key)
UNIQUE INDEX source_pkey ON source (collection_id, id)
UNIQUE INDEX source_run_pkey ON source_run (collection_id, source_id, number)
UNIQUE INDEX usage_pkey ON usage (day, principal)
UNIQUE INDEX usage_report_pkey ON usage_report (id)
INDEX usage_report_received_at_idx ON usage_report (received_at)
""".strip().splitlines()

INDEXES_OF_A_SPACE = """
UNIQUE INDEX space_{space}_pkey ON space_{space} (space_id, collection_id, document_number, chunk_id)
""".strip().splitlines()

INDEX_OF_A_COLLECTION = (
    "INDEX collection_{collection}_space_{space}_idx ON space_{space} USING hnsw"
    " (((vector)::halfvec({dimensions})) halfvec_ip_ops) WITH (m='16', ef_construction='64')"
    " WHERE (collection_id = {collection})"
)

ADD_COLLECTION = """
INSERT INTO concord.collection (name, language, space_id) VALUES ('library', 'english', %s) RETURNING id
"""

SELECT_INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = %s ORDER BY indexname"


def indexes(connection: psycopg.Connection[TupleRow], schema: str) -> list[str]:
    """The definitions of a schema's indexes, without what they all have in common."""
    definitions = [row[0] for row in connection.execute(SELECT_INDEXES, [schema])]
    return [
        definition.removeprefix("CREATE ").replace(" USING btree", "").replace(f"{schema}.", "")
        for definition in definitions
    ]


def test_the_migrations_make_what_the_schema_says(empty_database_url: str, prisma: Prisma) -> None:
    difference = prisma(
        *("migrate", "diff", "--exit-code", "--script"),
        *("--from-migrations", "migrations", "--to-schema-datamodel", "schema.prisma"),
        database_url=empty_database_url,
    )
    assert difference.returncode == 0, difference.stdout + difference.stderr


def test_embedding_spaces_make_no_difference(empty_database_url: str, prisma: Prisma, tmp_path: Path) -> None:
    """Prisma must not want to drop their partitions."""
    folder = shutil.copytree(PRISMA_FOLDER / "migrations", tmp_path / "migrations")
    (folder / "29991231000000_space").mkdir()
    (folder / "29991231000000_space" / "migration.sql").write_text(
        "INSERT INTO concord.collection (name, language, space_id)"
        " VALUES ('library', 'english', concord.open_embedding_space('model', 3));"
        "SELECT concord.index_collection_vectors(1);"
    )
    difference = prisma(
        *("migrate", "diff", "--exit-code", "--script"),
        *("--from-migrations", str(folder), "--to-schema-datamodel", "schema.prisma"),
        database_url=empty_database_url,
    )
    assert difference.returncode == 0, difference.stdout + difference.stderr


def test_a_difference_is_noticed(empty_database_url: str, prisma: Prisma, tmp_path: Path) -> None:
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


@pytest.mark.parametrize("row", ROW_CLASSES, ids=lambda row: row.__name__)
def test_a_row_has_the_columns_of_its_table(database_url: str, row: type) -> None:
    table = re.sub(r"(?<!^)(?=[A-Z])", "_", row.__name__.removesuffix("Row")).lower()
    statement = sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier("concord", table))
    with psycopg.connect(database_url) as connection:
        description = connection.execute(statement).description
    assert description is not None
    assert [column.name for column in description] == list(row.__annotations__)


def test_a_row_is_loaded_with_its_enum(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        cursor = connection.cursor(row_factory=class_row(rows.EmbeddingJobRow))
        statement = """
            SELECT 1 AS collection_id, 2 AS document_number, 3 AS index_number, 4 AS attempts,
                   'failed'::concord.embedding_state AS state, now() AS claimed_until,
                   NULL AS error, now() AS created_at, 'ada' AS principal
        """
        row = cursor.execute(statement).fetchone()
    assert row is not None
    assert row.state is rows.EmbeddingState.FAILED


def test_the_schema_is_formatted(prisma: Prisma, postgres_url: str) -> None:
    checked = prisma("format", "--check", database_url=postgres_url)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_indexes_are_the_pinned_ones(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert indexes(connection, "concord") == INDEXES
        assert indexes(connection, "concord_embedding") == []


@pytest.mark.parametrize(("model", "dimensions"), [("model", 384), ("other", 3)])
def test_an_embedding_space_has_the_pinned_indexes(database_url: str, model: str, dimensions: int) -> None:
    with psycopg.connect(database_url) as connection:
        opened = connection.execute(
            "SELECT concord.open_embedding_space(%s, %s)", [model, dimensions]
        ).fetchone()
        assert opened is not None
        expected = [line.format(space=opened[0]) for line in INDEXES_OF_A_SPACE]
        assert indexes(connection, "concord_embedding") == expected
        collection = connection.execute(ADD_COLLECTION, [opened[0]]).fetchone()
        assert collection is not None
        made = [
            connection.execute("SELECT concord.index_collection_vectors(%s)", collection).fetchone()
            for _ in range(2)
        ]
        assert made == [(True,), (False,)]
        index = INDEX_OF_A_COLLECTION.format(collection=collection[0], space=opened[0], dimensions=dimensions)
        assert indexes(connection, "concord_embedding") == [index, *expected]
        connection.execute("SELECT concord.drop_collection_index(%s)", collection)
        assert indexes(connection, "concord_embedding") == expected
        assert indexes(connection, "concord") == INDEXES


def test_the_lock_file_ties_nobody_to_a_registry() -> None:
    lock = (PRISMA_FOLDER / "package-lock.json").read_text()
    assert "resolved" not in lock
    assert "registry" not in lock
