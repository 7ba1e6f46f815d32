"""What the roles may do and, above all, what they may not: by trying."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import TupleRow

from shared.database.roles import INGEST, MAINTENANCE, ROLES, SEARCH
from tests.builders.role_server import execute

# Read, Insert, Update, Delete. Every table of the schema stands here, or the test fails.
READ, WRITE = "R", "RIUD"
TABLES = {
    "concord.embedding_space": dict.fromkeys(ROLES, READ),
    "concord.collection": {SEARCH: READ, INGEST: "RIU", MAINTENANCE: "RD"},
    "concord.collection_settings": {SEARCH: READ, INGEST: "RIU", MAINTENANCE: ""},
    "concord.metadata_field": {SEARCH: READ, INGEST: "RI", MAINTENANCE: "RD"},
    "concord.document": {SEARCH: READ, INGEST: WRITE, MAINTENANCE: "RD"},
    "concord.chunk": {SEARCH: READ, INGEST: WRITE, MAINTENANCE: READ},
    "concord.deletion": {SEARCH: READ, INGEST: "RIU", MAINTENANCE: "RUD"},
    "concord.embedding": {SEARCH: READ, INGEST: "RID", MAINTENANCE: "RD"},
    "concord.embedding_backfill": {SEARCH: READ, INGEST: WRITE, MAINTENANCE: ""},
    "concord.embedding_change": {SEARCH: READ, INGEST: "RIU", MAINTENANCE: "RU"},
    "concord.embedding_job": {SEARCH: READ, INGEST: WRITE, MAINTENANCE: "RD"},
    "concord.keyword_term": {SEARCH: READ, INGEST: "RI", MAINTENANCE: "RD"},
    "concord.keyword_block": {SEARCH: READ, INGEST: "I", MAINTENANCE: "RID"},
    "concord.keyword_retired": {SEARCH: READ, INGEST: "RI", MAINTENANCE: "RID"},
    "concord.keyword_statistic": {SEARCH: READ, INGEST: "RI", MAINTENANCE: "RID"},
    # Searches see words through functions alone.
    "concord.keyword_word": {SEARCH: "", INGEST: "RI", MAINTENANCE: "RD"},
    "concord.document_original": {SEARCH: READ, INGEST: "RIU", MAINTENANCE: ""},
    "concord.export": {SEARCH: READ, INGEST: WRITE, MAINTENANCE: ""},
    "concord.discarded_original": {SEARCH: "", INGEST: "RD", MAINTENANCE: ""},
    "concord.import": {SEARCH: "", INGEST: "RIU", MAINTENANCE: ""},
    "concord.import_error": {SEARCH: "", INGEST: "RID", MAINTENANCE: ""},
    "concord.alias": {SEARCH: READ, INGEST: "RIUD", MAINTENANCE: ""},
    "concord.signing_key": {SEARCH: READ, INGEST: WRITE, MAINTENANCE: ""},
    "concord.idempotent_request": {SEARCH: "", INGEST: WRITE, MAINTENANCE: "RD"},
    # Written to by a function alone.
    "concord.audit_entry": {SEARCH: READ, INGEST: "", MAINTENANCE: ""},
    # Of some columns alone: what a check needs, and what ends a key.
    "concord.api_key": {SEARCH: READ, INGEST: "RI", MAINTENANCE: READ},
    "concord.role_grant": dict.fromkeys(ROLES, ""),
    "concord.usage": {SEARCH: READ, INGEST: "RI", MAINTENANCE: WRITE},
    "concord.usage_report": {SEARCH: "", INGEST: "", MAINTENANCE: "RID"},
    "concord.source": {SEARCH: READ, INGEST: "RIUD", MAINTENANCE: ""},
    "concord.source_item": {SEARCH: READ, INGEST: "RIUD", MAINTENANCE: ""},
    "concord.source_run": {SEARCH: READ, INGEST: "RIUD", MAINTENANCE: ""},
    "concord_embedding.space_1": dict.fromkeys(ROLES, ""),
    "public._prisma_migrations": dict.fromkeys(ROLES, ""),
}
FIND_TABLES = """
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('concord', 'concord_embedding', 'public')
"""
BY_LETTER = {
    "R": "SELECT count(*) FROM {table}",
    "I": "INSERT INTO {table} DEFAULT VALUES",
    "U": "UPDATE {table} SET {column} = NULL WHERE false",
    "D": "DELETE FROM {table} WHERE false",
}
FIRST_COLUMN = """
    SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND attgenerated = ''
    ORDER BY attnum LIMIT 1
"""
FOR_NOBODY = [
    "TRUNCATE {table}",
    "DROP TABLE {table}",
    "ALTER TABLE {table} ADD COLUMN more int",
    "ALTER TABLE {table} OWNER TO {role}",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "CREATE INDEX ON {table} ({column})",
    "CREATE TRIGGER t BEFORE INSERT ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "COPY {table} TO PROGRAM 'true'",
    "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
]
# Whoever may change rows may lock a table as well, which PostgreSQL does not tell apart.
MAY_LOCK = {
    table for table, allowed in TABLES.items() if any({"U", "D"} & set(of) for of in allowed.values())
}

FUNCTIONS = {
    "SELECT * FROM concord.analyze('english', 'words')": {SEARCH, INGEST},
    "SELECT concord.readable_text('words')": {SEARCH, INGEST},
    "SELECT concord.text_vector('english', 'words')": {SEARCH},
    "SELECT concord.has_phrase('english', 'a phrase', 'a title', 'a body')": {SEARCH},
    "SELECT * FROM concord.similar_words(1, 'words')": {SEARCH},
    "SELECT * FROM concord.completing_words(1, 'wor', 5)": {SEARCH},
    "SELECT * FROM concord.expand_word(1, 'english', 'words', true, true)": {SEARCH},
    "SELECT concord.letters_of('words')": {INGEST},
    "SELECT concord.fragments_of_word(1, 'words')": {INGEST},
    "SELECT concord.fragments_of_letters(1, 'words')": set(),
    "SELECT concord.fragment(1, 'words')": set(),
    "SELECT concord.end_length(8)": set(),
    "SELECT concord.edits_between('words', 'word', 1)": set(),
    "SELECT concord.collection_named('guides')": {SEARCH, INGEST},
    "SELECT concord.gone(1)": {SEARCH, INGEST},
    "SELECT concord.room_for_documents(1)": {INGEST},
    # What policies ask for.
    "SELECT concord.enters_all()": set(ROLES),
    "SELECT concord.sees_all()": set(ROLES),
    "SELECT concord.enters('guides')": set(ROLES),
    "SELECT concord.claimed_readers()": set(ROLES),
    "SELECT concord.shown_numbers()": set(ROLES),
    "SELECT concord.aliased_collections()": set(ROLES),
    "SELECT concord.entered_collections()": set(ROLES),
    "SELECT concord.claimed_collections()": set(ROLES),
    "SELECT concord.wholly_claimed_collections()": set(ROLES),
    "SELECT concord.claimed_patterns()": set(),
    "SELECT concord.may_enter(1)": set(),
    "SELECT concord.documents_having(1, '$.year')": {SEARCH},
    "SELECT * FROM concord.readable_block": {SEARCH},
    "SELECT * FROM concord.readable_term": {SEARCH},
    "SELECT * FROM concord.readable_statistic": {SEARCH},
    "SELECT concord.set_up_tenancy()": set(),
    "SELECT concord.record_write('a', 'library', '{}', 0, NULL, NULL, NULL, NULL, NULL)": {
        INGEST,
        MAINTENANCE,
    },
    "SELECT concord.record_refusal('a', 'library', '{}', NULL, NULL, 'refused')": {INGEST},
    "SELECT concord.forget_audit(1, 1)": {MAINTENANCE},
    "SELECT concord.refuse_change_of_audit()": set(),
    "SELECT concord.open_embedding_space('another', 3)": {INGEST},
    "SELECT concord.index_collection_vectors(1)": {MAINTENANCE},
    "SELECT concord.drop_collection_index(1)": {MAINTENANCE},
    "SELECT concord.vector_index_definition(1)": set(),
    # Of the release before.
    "SELECT concord.index_embedding_space(1)": {MAINTENANCE},
    "SELECT concord.set_up_roles()": set(),
    # For an app's own users: see test_writer.py.
    "SELECT concord.upsert_document('library', 'a', 'title', 'body')": set(),
    "SELECT concord.delete_document('library', 'a')": set(),
    "SELECT concord.hash_prefix('whole')": set(),
    "SELECT concord.canonical_json('{}')": set(),
    "SELECT concord.content_hash('whole', 'title', 'body', 'url', '{}')": set(),
    "SELECT concord.text_hash('whole', 'title', 'body')": set(),
    "SELECT concord.refuse_document('a', 'title', 'body', 'url', '{}')": set(),
    "SELECT concord.lock_collection('library')": set(),
    "SELECT concord.may_be_gone(d) FROM concord.document d": set(),
    "SELECT concord.withdraw_text(1, 1)": set(),
    "SELECT concord.interim_pieces('body')": set(),
    "SELECT concord.index_interim_chunks(1, 'english', 1, 1, 'title', 'body')": set(),
}
ADD_COLLECTION = (
    "INSERT INTO concord.collection (name, language, space_id)"
    " VALUES ('library', 'english', concord.open_embedding_space('model', 3))"
)
FORBIDDEN = [
    "CREATE SCHEMA more",
    *(f"CREATE TABLE {schema}.more (id int)" for schema in ("concord", "concord_embedding", "public")),
    *(
        f"CREATE FUNCTION {schema}.more() RETURNS int LANGUAGE sql AS 'SELECT 1'"
        for schema in ("concord", "concord_embedding", "public")
    ),
    "CREATE TABLE concord_embedding.space_9 PARTITION OF concord.embedding FOR VALUES IN (9)",
    "ALTER FUNCTION concord.open_embedding_space SECURITY INVOKER",
    "DROP FUNCTION concord.analyze",
    "DROP SCHEMA concord CASCADE",
    "ALTER SEQUENCE concord.chunk_id_seq RESTART",
    "SELECT setval('concord.chunk_id_seq', 1)",
    "SELECT nextval('concord.embedding_space_id_seq')",
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "CREATE ROLE more",
    "ALTER ROLE {role} SUPERUSER",
    "ALTER ROLE {role} CREATEROLE",
    "ALTER ROLE {other} PASSWORD 'x'",
    "DROP ROLE {other}",
    "GRANT {other} TO {role}",
    "GRANT postgres TO {role}",
    "SET ROLE {other}",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION {other}",
    "DROP EXTENSION vector CASCADE",
]
WITH_THEIR_OWNERS_RIGHTS = {
    "record_refusal",
    "record_write",
    "forget_audit",
    "aliased_collections",
    "completing_words",
    "delete_document",
    "discard_original",
    "documents_having",
    "drop_collection_index",
    "drop_space_index",
    "entered_collections",
    "expand_word",
    "fragments_of_word",
    "gone",
    "index_collection_vectors",
    "index_embedding_space",
    "open_embedding_space",
    "similar_words",
    "upsert_document",
}
FORBIDDEN_OUTSIDE_TRANSACTIONS = [
    "CREATE DATABASE more",
    "DROP DATABASE postgres",
    "ALTER SYSTEM SET work_mem = '5MB'",
]


@contextmanager
def signed_in(url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A session in which nothing lasts. Read-only is a default of the search role and no protection: it is
    lifted, so that what is refused is refused by the grants.
    """
    with psycopg.connect(url) as connection:
        connection.execute("SET default_transaction_read_only = off")
        # What policies refuse looks like what grants refuse.
        connection.execute("SET concord.collections = '*'")
        connection.execute("SET concord.readers = '*'")
        connection.commit()
        yield connection
        connection.rollback()


def is_permitted(connection: psycopg.Connection[TupleRow], statement: str) -> bool:
    """Whether the role may; other errors, such as a missing value, come after that."""
    try:
        connection.execute(statement.encode())
    except errors.InsufficientPrivilege:
        return False
    except (errors.NotNullViolation, errors.CheckViolation):
        return True
    finally:
        connection.rollback()
    return True


def column_of(url: str, table: str) -> str:
    """The name of its first column, quoted."""
    return f'"{execute(url, FIRST_COLUMN.format(table=table))[0][0]}"'


@pytest.fixture
def role_session(
    request: pytest.FixtureRequest, migrated_url: str, role_urls: dict[str, str]
) -> Iterator[tuple[str, psycopg.Connection[TupleRow]]]:
    execute(migrated_url, ADD_COLLECTION)
    with signed_in(role_urls[request.param]) as connection:
        yield request.param, connection


every_role = pytest.mark.parametrize("role_session", ROLES, indirect=True)


@every_role
def test_a_role_reads_and_writes_what_it_needs_and_nothing_else(
    role_session: tuple[str, psycopg.Connection[TupleRow]], migrated_url: str
) -> None:
    role, connection = role_session
    assert {name for (name,) in execute(migrated_url, FIND_TABLES)} == set(TABLES)
    permitted = {}
    for table in TABLES:
        column = column_of(migrated_url, table)
        permitted[table] = "".join(
            letter
            for letter, statement in BY_LETTER.items()
            if is_permitted(connection, statement.format(table=table, column=column))
        )
    assert permitted == {table: of_roles[role] for table, of_roles in TABLES.items()}


@every_role
def test_no_role_changes_a_table_itself(
    role_session: tuple[str, psycopg.Connection[TupleRow]], migrated_url: str
) -> None:
    role, connection = role_session
    filled = {
        statement.format(table=table, column=column_of(migrated_url, table), role=role)
        for table in TABLES
        for statement in FOR_NOBODY
        if table not in MAY_LOCK or not statement.startswith("LOCK")
    }
    assert {statement for statement in filled if is_permitted(connection, statement)} == set()


@every_role
def test_a_role_calls_the_functions_it_needs(
    role_session: tuple[str, psycopg.Connection[TupleRow]],
) -> None:
    role, connection = role_session
    permitted = {call for call in FUNCTIONS if is_permitted(connection, call)}
    assert permitted == {call for call, roles in FUNCTIONS.items() if role in roles}


@every_role
def test_no_role_reaches_beyond_its_rows(role_session: tuple[str, psycopg.Connection[TupleRow]]) -> None:
    role, connection = role_session
    others = set(ROLES) - {role}
    filled = {statement.format(role=role, other=other) for statement in FORBIDDEN for other in others}
    assert {statement for statement in filled if is_permitted(connection, statement)} == set()
    connection.autocommit = True
    for statement in FORBIDDEN_OUTSIDE_TRANSACTIONS:
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())


@every_role
def test_no_role_passes_on_what_it_has(
    role_session: tuple[str, psycopg.Connection[TupleRow]], migrated_url: str
) -> None:
    """PostgreSQL only warns, and grants nothing."""
    _, connection = role_session
    connection.execute("GRANT SELECT ON concord.document TO PUBLIC")
    connection.execute("GRANT USAGE ON SCHEMA concord TO PUBLIC")
    connection.commit()
    assert execute(
        migrated_url,
        "SELECT has_table_privilege('public', 'concord.document', 'SELECT'),"
        " has_schema_privilege('public', 'concord', 'USAGE')",
    ) == [(False, False)]


def test_search_does_not_write_even_where_it_might(role_urls: dict[str, str]) -> None:
    with pytest.raises(errors.ReadOnlySqlTransaction):
        execute(role_urls[SEARCH], "CREATE TEMP TABLE more (id int)")


def test_what_a_role_has_opened_is_the_owners(migrated_url: str, role_urls: dict[str, str]) -> None:
    owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE '%space_1%' ORDER BY relname"
    execute(role_urls[INGEST], "SELECT concord.open_embedding_space('model', 3)")
    execute(migrated_url, ADD_COLLECTION)
    execute(role_urls[MAINTENANCE], "SELECT concord.index_collection_vectors(1)")
    assert execute(migrated_url, owner) == [("postgres",)] * 3


def test_a_callers_objects_never_stand_in_for_what_is_meant(
    migrated_url: str, role_urls: dict[str, str]
) -> None:
    """A function with its owner's rights must not run what its caller has put in its way."""
    with psycopg.connect(role_urls[INGEST], autocommit=True) as connection:
        for statement in (
            "CREATE FUNCTION pg_temp.vector_dims(public.halfvec) RETURNS int LANGUAGE sql AS 'SELECT 3'",
            "CREATE FUNCTION pg_temp.hashtext(text) RETURNS int LANGUAGE sql AS 'SELECT 1 / 0'",
            "CREATE TEMP TABLE pg_extension (extname text, extnamespace oid)",
            "SET search_path TO pg_temp, public, pg_catalog",
            "SELECT concord.open_embedding_space('model', 3)",
        ):
            connection.execute(statement.encode())
    check = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'space_1_dimensions'"
    assert execute(migrated_url, check) == [("CHECK ((vector_dims(vector) = 3))",)]
    pinned = (
        "SELECT proname, 'search_path=pg_catalog, pg_temp' = ANY(proconfig) FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'concord'::regnamespace"
    )
    assert set(execute(migrated_url, pinned)) == {(name, True) for name in WITH_THEIR_OWNERS_RIGHTS}
