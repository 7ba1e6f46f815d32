"""What the database shows to each role under the claims of one tenant, and to those who claim nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import TupleRow

from shared.database.roles import APP, ROLES
from tests.builders.two_tenants import canaries_in
from tests.leaks.conftest import Worlds

# Of nobody's documents: spaces are of models, grants of roles.
OPEN_TABLES = {"embedding_space", "role_grant"}
# Of Concord itself, without a word of a document.
NOT_DOCUMENTS = {"api_key", "audit_entry", "signing_key", "idempotent_request", "usage", "usage_report"}
TABLES = """
    SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class
    WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""
RELATIONS = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'concord'::regnamespace AND relkind IN ('r', 'p', 'v') ORDER BY relname
"""
ACME = {"collections": json.dumps(["shared*"]), "readers": json.dumps(["group:acme", "user:ada"])}
# As a unit of work claims for a token's filter: the first three documents of one collection pass it.
ACME_BY_FILTER = {"collections": json.dumps(["shared"]), "readers": "*", "shown": "111"}
ACME_BY_NAME = {"collections": json.dumps(["acme_*"]), "readers": "*"}
SHOWN_NUMBERS = "SELECT number FROM concord.document WHERE collection_id = %s ORDER BY number"
every_way = pytest.mark.parametrize(
    "claims", [ACME, ACME_BY_FILTER, ACME_BY_NAME], ids=["by readers", "by filter", "by name"]
)
CALLS = [
    "SELECT concord.gone({collection})::text",
    "SELECT * FROM concord.documents_having({collection}, '$.kind')",
    "SELECT word FROM concord.completing_words({collection}, 'zirconq', 50)",
    "SELECT word FROM concord.completing_words({collection}, 'magentap', 50)",
    "SELECT word FROM concord.similar_words({collection}, 'zirconquoka')",
    "SELECT term FROM concord.expand_word({collection}, 'english', 'zirconquoka', true, true)",
]


@contextmanager
def acting_as(url: str, role: str, **claims: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A transaction of that role, with these claims or none."""
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        for name, claim in claims.items():
            connection.execute("SELECT set_config(%s, %s, true)", [f"concord.{name}", claim])
        yield connection
        connection.rollback()


def rows_of(connection: psycopg.Connection[TupleRow], statement: str) -> list[TupleRow]:
    """What there is to read, which is nothing where the role may not."""
    try:
        with connection.transaction():
            return connection.execute(statement.encode()).fetchall()
    except errors.InsufficientPrivilege:
        return []


def collection_id(url: str, name: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT id FROM concord.collection WHERE name = %s", [name]).fetchone()
    assert found
    return int(found[0])


async def test_every_table_of_documents_is_protected(worlds: Worlds) -> None:
    with psycopg.connect(worlds.url) as connection:
        tables: dict[str, bool] = dict(connection.execute(TABLES, ["concord"]).fetchall())
        partitions: dict[str, bool] = dict(connection.execute(TABLES, ["concord_embedding"]).fetchall())
    unprotected = {table for table, is_protected in tables.items() if not is_protected}
    assert unprotected - NOT_DOCUMENTS == OPEN_TABLES
    assert partitions
    assert all(partitions.values())


@pytest.mark.parametrize("role", [*ROLES, APP])
@every_way
async def test_no_relation_shows_what_is_anothers(worlds: Worlds, role: str, claims: dict[str, str]) -> None:
    with acting_as(worlds.url, role, **claims) as connection:
        relations = [name for (name,) in connection.execute(RELATIONS).fetchall()]
        assert len(relations) > 20
        for relation in relations:
            rows = rows_of(connection, f'SELECT x::text FROM concord."{relation}" x')
            if relation != "collection":
                assert canaries_in(str(rows)) == set(), relation
        for (partition,) in connection.execute(
            "SELECT relname FROM pg_class"
            " WHERE relnamespace = 'concord_embedding'::regnamespace AND relkind = 'r'"
        ).fetchall():
            assert rows_of(connection, f'SELECT * FROM concord_embedding."{partition}"') == []


@pytest.mark.parametrize("role", [*ROLES, APP])
@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"collections": "*"},
        {"readers": "*"},
        {"collections": "[]", "readers": "[]"},
        {"collections": "*", "readers": "*", "shown": "0"},
    ],
)
async def test_who_claims_nothing_sees_no_document(worlds: Worlds, role: str, claims: dict[str, str]) -> None:
    of_everybody = 1 if claims == {"collections": "*"} else 0
    with acting_as(worlds.url, role, **claims) as connection:
        shown = rows_of(connection, "SELECT id FROM concord.document")
        # Without readers of their own.
        assert {id_ for (id_,) in shown} == ({"everybody", "note"} if of_everybody else set())
        for table in ("chunk", "embedding", "embedding_job"):
            seen = rows_of(connection, f"SELECT FROM concord.{table}")
            assert bool(seen) <= bool(of_everybody), table
        for table in ("keyword_block", "keyword_term", "keyword_word", "keyword_statistic", "metadata_field"):
            assert rows_of(connection, f"SELECT FROM concord.{table}") == [], table


@every_way
async def test_no_function_tells_what_is_anothers(worlds: Worlds, claims: dict[str, str]) -> None:
    secret = collection_id(worlds.url, "globex_notes" if claims is ACME_BY_NAME else "shared")
    with acting_as(worlds.url, APP, collections="*", readers="*") as connection:
        told = [connection.execute(call.format(collection=secret).encode()).fetchall() for call in CALLS]
    assert any(told)
    with acting_as(worlds.url, APP, **claims) as connection:
        for call in CALLS:
            found = connection.execute(call.format(collection=secret).encode()).fetchall()
            if "documents_having" in call:
                assert sorted(found) == connection.execute(SHOWN_NUMBERS, [secret]).fetchall()
            else:
                assert [row for row in found if row[0] is not None] == [], call


@pytest.mark.parametrize("claims", [ACME, ACME_BY_FILTER], ids=["by readers", "by filter"])
async def test_a_row_of_many_documents_is_read_as_far_as_they_may_be(
    worlds: Worlds, claims: dict[str, str]
) -> None:
    shared = collection_id(worlds.url, "shared")
    postings = "SELECT DISTINCT unnest(index_numbers) FROM concord.readable_block WHERE collection_id = %s"
    with acting_as(worlds.url, APP, **claims) as connection:
        numbers = {number for (number,) in connection.execute(SHOWN_NUMBERS, [shared]).fetchall()}
        indexed = {
            number
            for (number,) in connection.execute(
                "SELECT index_number FROM concord.document WHERE collection_id = %s", [shared]
            ).fetchall()
        }
        assert len(numbers) == len(indexed) == 3
        assert {number for (number,) in connection.execute(postings, [shared]).fetchall()} == indexed
        assert connection.execute("SELECT count(*) FROM concord.keyword_block").fetchall() == [(0,)]
        terms = {term for (term,) in connection.execute("SELECT term FROM concord.readable_term").fetchall()}
    assert "harbour" in terms
    assert canaries_in(" ".join(terms)) == set()


async def test_errors_of_the_server_quote_nothing(worlds: Worlds) -> None:
    """A cast or a division in a condition is no way to read a row: policies come before it."""
    for condition in (
        "title::int = 1",
        "1 / (length(body) - length(body)) > 0",
        "(metadata ->> 'globex_budget')::date IS NOT NULL",
    ):
        with acting_as(worlds.url, APP, collections=json.dumps(["nothing"]), readers="[]") as connection:
            assert (
                connection.execute(f"SELECT id FROM concord.document WHERE {condition}".encode()).fetchall()
                == []
            )


async def test_nobody_writes_into_anothers_collection(worlds: Worlds) -> None:
    secret = collection_id(worlds.url, "globex_notes")
    for statement in (
        f"INSERT INTO concord.metadata_field (collection_id, name) VALUES ({secret}, 'mine')",
        f"INSERT INTO concord.alias (name, collection_id) VALUES ('acme_alias', {secret})",
        "INSERT INTO concord.collection (name, language, space_id) VALUES ('globex_more', 'english', 1)",
        "UPDATE concord.collection SET name = 'globex_mine' WHERE name = 'acme_notes'",
    ):
        with (
            acting_as(worlds.url, APP, **ACME_BY_NAME) as connection,
            pytest.raises(errors.InsufficientPrivilege),
        ):
            connection.execute(statement.encode())
    with acting_as(worlds.url, APP, **ACME_BY_NAME) as connection:
        changed = connection.execute("UPDATE concord.document SET body = '' WHERE id = 'note'")
        assert changed.rowcount == 1
        assert connection.execute("DELETE FROM concord.chunk").rowcount == 1


async def test_the_owner_is_bound_too(worlds: Worlds) -> None:
    """Whoever owns the tables, unless no policy binds him at all: then the unit of work makes him another."""
    with psycopg.connect(worlds.url) as connection:
        connection.execute("CREATE ROLE owner_of_leaks NOLOGIN")
        connection.execute("GRANT USAGE, CREATE ON SCHEMA concord TO owner_of_leaks")
        connection.execute("ALTER TABLE concord.document OWNER TO owner_of_leaks")
        connection.execute("ALTER TABLE concord.chunk OWNER TO owner_of_leaks")
        connection.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA concord TO owner_of_leaks")
        connection.execute("SET LOCAL ROLE owner_of_leaks")
        assert connection.execute("SELECT count(*) FROM concord.document").fetchall() == [(0,)]
        connection.execute("SELECT set_config('concord.collections', '*', true)")
        connection.execute("SELECT set_config('concord.readers', '*', true)")
        assert connection.execute("SELECT count(*) > 0 FROM concord.document").fetchall() == [(True,)]
        connection.rollback()
