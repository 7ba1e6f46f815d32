"""What the database says about embedding jobs and vectors."""

import random
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from shared.domain.embedding_templates import DEFAULT_TEMPLATE, embedded_text
from shared.embeddings.protocol import Embedder
from tests.builders.documents import prose

CHUNKS = """
SELECT d.title, d.body, c.span_start, c.span_end, c.heading_path, e.vector::text
FROM concord.document d
JOIN concord.chunk c ON c.collection_id = d.collection_id AND c.document_number = d.number
LEFT JOIN concord.embedding e ON e.collection_id = c.collection_id AND e.chunk_id = c.id
ORDER BY d.id, c.ordinal
"""


@dataclass(frozen=True)
class Job:
    state: str
    attempts: int
    is_claimed: bool
    error: str | None


def execute(database_url: str, statement: LiteralString) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def jobs(database_url: str) -> dict[str, Job]:
    rows = execute(
        database_url,
        "SELECT d.id, j.state::text, j.attempts, j.claimed_until > now(), j.error"
        " FROM concord.embedding_job j"
        " JOIN concord.document d ON d.collection_id = j.collection_id AND d.number = j.document_number",
    )
    return {row[0]: Job(row[1], row[2], bool(row[3]), row[4]) for row in rows}


async def assert_vectors_are_right(database_url: str, embedder: Embedder) -> None:
    """Every chunk has the vector of what its document says now, and there are no others."""
    rows = execute(database_url, CHUNKS)
    assert execute(database_url, "SELECT count(*) FROM concord.embedding") == [(len(rows),)]
    texts = [
        embedded_text(DEFAULT_TEMPLATE, title, path, body[start:end], {})
        for title, body, start, end, path, _ in rows
    ]
    for row, right in zip(rows, await embedder.embed(texts), strict=True):
        stored = [float(number) for number in row[-1].strip("[]").split(",")]
        assert sum(a * b for a, b in zip(stored, right, strict=True)) > 0.995


def sections(count: int) -> list[str]:
    randomness = random.Random(11)
    return [f"## Part {number}\n\n{prose(randomness, 90)}" for number in range(count)]
