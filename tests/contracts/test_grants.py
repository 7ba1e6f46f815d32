"""The roles' grants are what the SQL blocks of their functions need: all of it, and nothing else."""

from collections import defaultdict
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import TupleRow

from shared.database.roles import INGEST, MAINTENANCE, ROLES, SEARCH, WRITER
from shared.database.statements import Statement
from tests.contracts.test_statements import PARAMETER, statements

EVERY_BLOCK = {"*"}
CLEANING = {"drop_space_index", "clean_vectors", "finish_cleaning"}
OF_CHANGES = {
    "start_change", "set_rate", "find_change", "measure_texts", "lock_change", "set_state", "serve_space",
    "compare_indexes", "find_due_change", "find_pause", "claim_noted", "claim_unread", "find_lacking_chunks",
    "pace", "hold_change", "lock_backfill", "finish_documents", "release_documents", "note_stragglers",
    "count_waiting", "forget_backfill",
}  # fmt: skip
# The blocks that the functions of a role run, by file. A new block has to be put somewhere.
BLOCKS = {
    SEARCH: {
        "audit": {"list_entries"},
        "aliases": {"list_aliases"},
        "usage": {"used_on_day", "list_usage"},
        "collections": {"find_collection", "count_collections"},
        "documents": {"find_document", "list_documents", "list_metadata_fields", "shown_ids"},
        "embedding_changes": {"find_change"},
        "exports": {"find_export"},
        "facets": EVERY_BLOCK,
        "filters": EVERY_BLOCK,
        "imports": {"find_original"},
        "search": EVERY_BLOCK,
        "signing_keys": {"list_signing_keys"},
        "keys": {"find_key"},
        "sources": {"find_source", "list_sources", "count_items", "list_runs", "list_failing"},
        "sorting": EVERY_BLOCK,
        "vocabulary": {"suggest_queries"},
    },
    INGEST: {
        "audit": {"append_entry", "append_refusal"},
        "idempotency": {"claim_request", "find_request", "keep_answer", "give_up_request"},
        "aliases": {"set_alias", "aliases_of", "delete_alias"},
        "usage": {"used_on_day", "count_document_tokens", "document_tokens_of_day"},
        "collections": {
            "find_language", "insert_collection", "choose_passages", "choose_ttl", "choose_quota",
            "find_collection", "find_name", "count_collections", "rename_collection", "touch_collection",
            "hold_collection", "bury_collection",
        },
        "collection_settings": EVERY_BLOCK,
        "documents": {
            "list_expiring_collections", "find_expired", "find_last_number",
            "find_versions", "find_stored_chunks", "find_live_collection", "find_last_numbers",
            "upsert_documents", "renew_expiry", "note_metadata_fields", "list_metadata_fields",
            "delete_stored_chunks", "delete_documents", "find_document", "shown_ids", "expired_of",
        },
        "deletions": {
            "match_few", "give_up_after", "match_numbers", "count_matches",
            "count_deletions", "insert_deletion", "match_ids", "count_purged",
        },
        "embeddings": EVERY_BLOCK,
        "embedding_changes": OF_CHANGES | CLEANING,
        "bundles": {"find_exported_collection", "list_exported_documents", "list_exported_vectors"},
        "exports": {
            "insert_export", "claim_export", "checkpoint_export", "release_export", "complete_export",
            "fail_export", "find_due_exports", "find_stale_exports", "forget_export", "find_export",
        },
        "interim_chunks": EVERY_BLOCK,
        "imports": {
            "insert_import", "find_import", "list_imports", "list_errors", "claim_import",
            "checkpoint_import", "note_errors", "release_import", "end_import", "forget_earlier_errors",
            "failed_lines", "cancel_import", "restart_import", "find_due_imports", "record_original",
            "list_discarded", "forget_discarded",
        },
        "keys": {
            "find_key", "insert_key", "list_keys", "hold_key", "replace_key",
            "revoke_key",
        },
        "keyword_index": {"lock_collection", "retire_documents", "index_chunks"},
        "signing_keys": EVERY_BLOCK,
        "sources": EVERY_BLOCK,
        "vocabulary": {"add_words"},
    },
    MAINTENANCE: {
        "audit": {"append_entry", "forget_entries"},
        "idempotency": {"forget_requests"},
        "collections": {
            "list_live_ids", "list_buried_ids", "purge_blocks", "purge_collection", "delete_collection",
        },
        "deletions": {"list_deletions", "find_deleted", "match_deleted", "count_purged", "end_deletion"},
        "documents": {"find_doomed", "delete_documents"},
        "embeddings": {"lock_jobs", "withdraw_embedding"},
        "embedding_changes": {"find_cleaning", *CLEANING},
        "embedding_spaces": {
            "find_outgrown_collections", "limit_build", "index_collection_vectors", "drop_collection_index",
        },
        "keyword_index": {
            "lock_collection", "retire_documents", "fold_statistics", "terms_to_compact", "compact_terms",
            "forget_retired",
        },
        "usage": {"record_report", "forget_reports", "forget_usage"},
        "keys": {"note_use"},
        "vocabulary": {"forget_words"},
    },
    # A laptop's commands sign in as the owner.
    "owner": {
        "bundles": EVERY_BLOCK,
        "diagnostics": EVERY_BLOCK,
        "embedding_spaces": {
            "find_indexable_collection", "prepare_build", "define_index", "drop_unfinished",
            "build_unfinished", "finish_index", "read_progress", "measure_index",
        },
        "recovery": EVERY_BLOCK,
    },
}  # fmt: skip
# Granted by a migration of the release before, whose code goes on until it is replaced.
OF_THE_RELEASE_BEFORE = {
    SEARCH: set[tuple[str, str]](),
    INGEST: set[tuple[str, str]](),
    MAINTENANCE: {
        ("FUNCTION concord.index_embedding_space(integer)", "EXECUTE"),
        ("FUNCTION concord.index_collection_vectors(integer)", "EXECUTE"),
    },
}
SCHEMAS = {
    SEARCH: {"concord", "concord_embedding"},
    INGEST: {"concord", "concord_embedding"},
    MAINTENANCE: {"concord", "concord_embedding"},
}

TABLE_GRANTS = """
    SELECT c.oid::regclass::text, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relkind IN ('r', 'p') AND a.grantee = %s::regrole
"""
COLUMN_GRANTS = """
    SELECT attrelid::regclass::text, a.privilege_type || ' (' || attname || ')'
    FROM pg_attribute, aclexplode(attacl) a WHERE a.grantee = %s::regrole
"""
FUNCTION_GRANTS = """
    SELECT 'FUNCTION ' || p.oid::regprocedure, a.privilege_type FROM pg_proc p, aclexplode(p.proacl) a
    WHERE a.grantee = %s::regrole
"""
# A sequence stands for the table whose rows it numbers.
SEQUENCES = """
    SELECT c.oid, c.relacl, d.refobjid::regclass::text AS numbered FROM pg_class c
    JOIN pg_depend d ON d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
    WHERE c.relkind = 'S'
"""
SEQUENCE_GRANTS = f"""
    SELECT numbered, a.privilege_type FROM ({SEQUENCES}) s, aclexplode(relacl) a WHERE a.grantee = %s::regrole
"""
SCHEMA_GRANTS = """
    SELECT nspname, a.privilege_type FROM pg_namespace, aclexplode(nspacl) a WHERE a.grantee = %s::regrole
"""
OF_EVERYBODY = """
    WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname LIKE 'concord%')
    SELECT nspname FROM ours WHERE has_schema_privilege('public', oid, 'USAGE, CREATE')
    UNION ALL
    SELECT c.oid::regclass::text FROM pg_class c JOIN ours ON ours.oid = relnamespace
    WHERE CASE relkind WHEN 'S' THEN has_sequence_privilege('public', c.oid, 'USAGE, SELECT, UPDATE')
          ELSE has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') END
    UNION ALL
    SELECT p.oid::regprocedure::text FROM pg_proc p JOIN ours ON ours.oid = pronamespace
    WHERE has_function_privilege('public', p.oid, 'EXECUTE')
    UNION ALL
    SELECT t.oid::regtype::text FROM pg_type t JOIN ours ON ours.oid = typnamespace
    WHERE typtype = 'e' AND has_type_privilege('public', t.oid, 'USAGE')
"""

every_role = pytest.mark.parametrize("role", ROLES)


def blocks_by_file() -> dict[str, dict[str, list[Statement]]]:
    """Each block as it can be sent, with and without its fragments."""
    found: dict[str, dict[str, list[Statement]]] = defaultdict(lambda: defaultdict(list))
    for name, statement in statements():
        file, _, block = name.partition(".")
        found[file][block].append(statement)
    return found


def statements_of(role: str) -> list[Statement]:
    by_file = blocks_by_file()
    return [
        statement
        for file, blocks in BLOCKS[role].items()
        for block in (by_file[file] if blocks is EVERY_BLOCK else blocks)
        for statement in by_file[file][block]
    ]


def is_refused(connection: psycopg.Connection[TupleRow], role: str, statement: Statement) -> bool:
    """Whether the role lacks something: permissions are looked at before a plan is made for EXPLAIN."""
    names = list(dict.fromkeys(PARAMETER.findall(statement.text)))
    text = PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", statement.text).replace("%%", "%")
    try:
        with connection.transaction():
            connection.execute(f"SET LOCAL ROLE {role}".encode())
            connection.execute(f"EXPLAIN (GENERIC_PLAN) {text}".encode())
    except errors.InsufficientPrivilege:
        return True
    finally:
        connection.execute("RESET ROLE")
    return False


def rows(connection: psycopg.Connection[TupleRow], statement: str, role: str) -> list[tuple[str, str]]:
    return [(str(first), str(second)) for first, second in connection.execute(statement.encode(), [role])]


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """The owner's, in a transaction that is rolled back."""
    with psycopg.connect(database_url) as opened:
        yield opened
        opened.rollback()


def test_every_block_is_somebodys() -> None:
    by_file = blocks_by_file()
    assigned: dict[str, set[str]] = defaultdict(set)
    for files in BLOCKS.values():
        for file, blocks in files.items():
            assigned[file] |= set(by_file[file]) if blocks is EVERY_BLOCK else blocks
    assert assigned == {file: set(blocks) for file, blocks in by_file.items()}


@every_role
def test_a_role_may_run_the_blocks_of_its_functions(
    connection: psycopg.Connection[TupleRow], role: str
) -> None:
    refused = {statement.name for statement in statements_of(role) if is_refused(connection, role, statement)}
    assert refused == set()


@every_role
def test_without_any_of_its_grants_a_role_may_not(
    connection: psycopg.Connection[TupleRow], role: str
) -> None:
    granted = [
        grant
        for source in (TABLE_GRANTS, COLUMN_GRANTS, FUNCTION_GRANTS)
        for grant in rows(connection, source, role)
    ]
    assert granted
    needed = set()
    for target, privilege in granted:
        with connection.transaction(force_rollback=True):
            connection.execute(f"REVOKE {privilege} ON {target} FROM {role}".encode())
            if any(is_refused(connection, role, statement) for statement in statements_of(role)):
                needed.add((target, privilege))
    assert set(granted) - needed == OF_THE_RELEASE_BEFORE[role]


@every_role
def test_a_role_numbers_the_rows_it_inserts(connection: psycopg.Connection[TupleRow], role: str) -> None:
    numbered = {
        str(table) for (table,) in connection.execute(f"SELECT numbered FROM ({SEQUENCES}) s".encode())
    }
    inserted = {table for table, privilege in rows(connection, TABLE_GRANTS, role) if privilege == "INSERT"}
    assert set(rows(connection, SEQUENCE_GRANTS, role)) == {(table, "USAGE") for table in numbered & inserted}


@every_role
def test_a_role_enters_the_schemas_that_it_needs(connection: psycopg.Connection[TupleRow], role: str) -> None:
    assert set(rows(connection, SCHEMA_GRANTS, role)) == {(schema, "USAGE") for schema in SCHEMAS[role]}


def test_a_writer_calls_two_functions_and_has_nothing_else(connection: psycopg.Connection[TupleRow]) -> None:
    granted = [
        grant
        for source in (TABLE_GRANTS, COLUMN_GRANTS, FUNCTION_GRANTS, SEQUENCE_GRANTS, SCHEMA_GRANTS)
        for grant in rows(connection, source, WRITER)
    ]
    assert sorted(granted) == [
        ("FUNCTION concord.delete_document(text,text)", "EXECUTE"),
        ("FUNCTION concord.upsert_document(text,text,text,text,text,jsonb)", "EXECUTE"),
        ("concord", "USAGE"),
    ]


def test_everybody_else_has_nothing(connection: psycopg.Connection[TupleRow]) -> None:
    connection.execute("SELECT concord.index_embedding_space(concord.open_embedding_space('model', 3))")
    assert connection.execute(OF_EVERYBODY).fetchall() == []
