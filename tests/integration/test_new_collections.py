"""A collection that the planner has not heard of, in a database whose statistics know another."""

import random

import psycopg

from shared.repositories.vocabulary import SQL
from tests.builders.documents import a_document, prose
from tests.builders.library import Library


async def test_new_words_are_looked_up_through_keys(library: Library, database_url: str) -> None:
    randomness = random.Random(1)
    texts = [
        prose(randomness, 40) + " " + " ".join(f"word{n}x{randomness.random()}" for n in range(40))
        for _ in range(60)
    ]
    await library.upsert(*(a_document(f"d{n}", text) for n, text in enumerate(texts)))
    new = Library(library.database, library.embedder, "new")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        await new.create()
        parameters = {"collection_id": 2, "language": "english", "texts": texts}
        rows = connection.execute(f"EXPLAIN {SQL['add_words'].text}".encode(), parameters).fetchall()
    plan = "\n".join(line for (line,) in rows)
    assert "Join Filter" not in plan
    assert "AND (term = " in plan
    assert "AND (word = " in plan
