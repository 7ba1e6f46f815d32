"""The README's triggers, as a team would make them for a table of its own."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.builders.embedding_state import execute
from tests.builders.library import Library
from tests.builders.readme import example
from tests.builders.sql_writes import assert_consistent


@pytest.fixture
def app_url(database_url: str) -> Iterator[str]:
    """The database's URL for the user `app`, who may create tables and nothing else."""
    execute(database_url, "CREATE ROLE app LOGIN")
    execute(database_url, "GRANT CREATE ON SCHEMA public TO app")
    yield database_url.replace("postgres@", "app@", 1)
    execute(database_url, "DROP OWNED BY app")
    execute(database_url, "DROP ROLE app")


async def test_triggers_keep_a_table_and_a_collection_in_step(
    library: Library, database_url: str, app_url: str
) -> None:
    guides = Library(library.database, library.embedder, "guides")
    await guides.create()
    grant, semicolon, rest = example("sql", "").partition(";")
    execute(database_url, grant)
    assert semicolon
    with psycopg.connect(app_url, autocommit=True) as app:
        app.execute(rest.encode())
        assert await guides.find("lantern harbour", mode="keyword", filter='author = "Ann"') == ["article:1"]
        assert (await guides.count()).documents == 1
        app.execute("UPDATE articles SET text = 'Lanterns are dark.' WHERE id = 1")
        assert await guides.find("harbour", mode="keyword") == []
        assert await guides.find("dark", mode="keyword") == ["article:1"]
        assert (await guides.get("article:1")).url == "https://example.com/articles/1"
        app.execute("INSERT INTO articles SELECT n, 'Title', 'Number ' || n FROM generate_series(3, 60) n")
    assert (await guides.count()).documents == 59
    assert_consistent(database_url)
    await guides.embed()
    assert (await guides.count()).pending == 0
