"""What no request may have changed, and no answer may tell."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg

SECRET = "quincunx"
BYSTANDER = "/v1/collections/bystander"

_SCHEMA = """
SELECT oid::regclass::text, relkind::text, relacl::text, relrowsecurity::text, relforcerowsecurity::text
  FROM pg_class WHERE relnamespace = 'concord'::regnamespace
UNION ALL
SELECT attrelid::regclass::text, attname, atttypid::regtype::text, attnotnull::text, attacl::text
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid AND relnamespace = 'concord'::regnamespace
UNION ALL
SELECT oid::regprocedure::text, md5(prosrc), proacl::text, prosecdef::text, proowner::regrole::text
  FROM pg_proc WHERE pronamespace = 'concord'::regnamespace
UNION ALL
SELECT polrelid::regclass::text, polname, polcmd::text,
       pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
  FROM pg_policy
UNION ALL
SELECT rolname, rolsuper::text, rolbypassrls::text, rolcreaterole::text, rolcanlogin::text FROM pg_roles
UNION ALL
SELECT roleid::regrole::text, member::regrole::text,
       admin_option::text, inherit_option::text, set_option::text
  FROM pg_auth_members
UNION ALL
SELECT nspname, nspowner::regrole::text, nspacl::text, NULL, NULL
  FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
ORDER BY 1, 2, 3, 4, 5
"""
_ROWS = """
SELECT 'collection', c::text FROM concord.collection c WHERE name = 'bystander'
UNION ALL
SELECT 'document', d::text FROM concord.document d JOIN concord.collection c ON c.id = d.collection_id
 WHERE c.name = 'bystander'
UNION ALL
SELECT 'chunk', k::text FROM concord.chunk k JOIN concord.collection c ON c.id = k.collection_id
 WHERE c.name = 'bystander'
UNION ALL
SELECT 'role_grant', g::text FROM concord.role_grant g
ORDER BY 1, 2
"""


@contextmanager
def untouched(client: httpx.Client, url: str) -> Iterator[None]:
    """A bystander collection whose documents, with the schema and the roles, are afterwards as they were."""
    client.post("/v1/collections", json={"name": "bystander"}).raise_for_status()
    documents = [
        {
            "id": f"{SECRET}-{place}",
            "title": SECRET,
            "body": f"{SECRET} {place}",
            "metadata": {SECRET: SECRET},
        }
        for place in range(3)
    ]
    client.post(f"{BYSTANDER}/documents", json={"documents": documents}).raise_for_status()
    before = _state(url), _found(client)
    assert len(before[1]) == len(documents)
    yield
    assert (_state(url), _found(client)) == before


def _state(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return [*connection.execute(_SCHEMA).fetchall(), *connection.execute(_ROWS).fetchall()]


def _found(client: httpx.Client) -> list[object]:
    answer = client.get(f"{BYSTANDER}/search", params={"q": SECRET, "mode": "keyword"}).raise_for_status()
    hits: list[object] = answer.json()["hits"]
    return hits


def holds(answer: httpx.Response) -> None:
    """It is an answer of the API's own, in time, without what is not the caller's to know."""
    told = f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
    assert answer.status_code < 500, told
    assert answer.status_code != 429, told
    assert answer.elapsed.total_seconds() < 10, told
    for internal in (SECRET, "PostgreSQL 1", "psycopg", "SQLSTATE", "Traceback", 'concord.document"'):
        assert internal not in answer.text, told
