"""What a user would write by hand on the same server: `ts_rank` over a GIN index and pgvector's HNSW.

The two lists of 100 are fused by reciprocal ranks, k = 60, in one statement.
"""

import threading
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shared.repositories.embedding_jobs import vector_text
from tests.benchmarks.peers.peer import K
from tests.benchmarks.search_data import Query, SearchData

_BATCH = 2_000
_TABLES = """
CREATE TABLE by_hand (number integer PRIMARY KEY, id text NOT NULL, title text, body text, words tsvector
    GENERATED ALWAYS AS (to_tsvector('english', coalesce(title, '') || ' ' || body)) STORED);
CREATE TABLE by_hand_passage (number integer NOT NULL REFERENCES by_hand, vector halfvec(384) NOT NULL);
"""
_INDEXES = """
SET maintenance_work_mem = '2GB';
CREATE INDEX ON by_hand USING gin (words);
CREATE INDEX ON by_hand_passage USING hnsw (vector halfvec_ip_ops);
"""
_WORDS = """
SELECT d.number, row_number() OVER (ORDER BY ts_rank(d.words, query) DESC, d.number) AS place
FROM by_hand d, to_tsquery('english', {any_word}) query
WHERE d.words @@ query ORDER BY place LIMIT {limit}
"""
_MEANING = """
SELECT number, row_number() OVER (ORDER BY distance, number) AS place
FROM (SELECT number, min(distance) AS distance
      FROM (SELECT number, vector <#> {vector}::halfvec AS distance
            FROM by_hand_passage ORDER BY vector <#> {vector}::halfvec LIMIT {limit}) nearest
      GROUP BY number) best
"""
_ONE_LIST = "SELECT d.id FROM ({ranking}) r JOIN by_hand d USING (number) ORDER BY r.place LIMIT {k}"
_BOTH_LISTS = """
SELECT d.id
FROM (SELECT number, sum(1.0 / (60 + place)) AS score
      FROM (({words}) UNION ALL ({meaning})) both_lists
      GROUP BY number ORDER BY score DESC, number LIMIT {k}) r
JOIN by_hand d USING (number) ORDER BY r.score DESC, r.number
"""


def _statements() -> dict[str, sql.Composed]:
    names = {"any_word": sql.Placeholder("any_word"), "vector": sql.Placeholder("vector")}
    words = sql.SQL(_WORDS).format(**names, limit=sql.Literal(100))
    meaning = sql.SQL(_MEANING).format(**names, limit=sql.Literal(100))
    k = sql.Literal(K)
    return {
        "hybrid": sql.SQL(_BOTH_LISTS).format(words=words, meaning=meaning, k=k),
        "keyword": sql.SQL(_ONE_LIST).format(ranking=words, k=k),
        "semantic": sql.SQL(_ONE_LIST).format(ranking=meaning, k=k),
    }


class ByHand:
    """Each thread has a connection with `hnsw.ef_search` at 100, without which a list of 100 has 40."""

    name = "by hand: ts_rank + pgvector"
    modes = ("hybrid", "keyword", "semantic")
    index = "GIN over tsvector, HNSW over halfvec (m 16, ef_construction 64, ef_search 100), RRF of 100 + 100"

    def __init__(self, url: str) -> None:
        self._url = url
        self._own = threading.local()
        self._connections: list[psycopg.Connection[Any]] = []
        self._statements = _statements()

    def load(self, data: SearchData, folder: Path) -> None:  # noqa: ARG002 - it is on a server
        with psycopg.connect(self._url, autocommit=True) as connection:
            for statement in _TABLES.split(";\n"):
                connection.execute(statement.encode())
            for start in range(0, len(data.documents), _BATCH):
                self._insert(connection, data, start)
            for statement in _INDEXES.split(";\n"):
                connection.execute(statement.encode())
            connection.execute("VACUUM ANALYZE by_hand")
            connection.execute("VACUUM ANALYZE by_hand_passage")

    def _insert(self, connection: psycopg.Connection[Any], data: SearchData, start: int) -> None:
        batch = list(enumerate(data.documents[start : start + _BATCH], start))
        connection.execute(
            "INSERT INTO by_hand SELECT * FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[])",
            [
                [number for number, _ in batch],
                [document.id for _, document in batch],
                [document.title for _, document in batch],
                [document.body for _, document in batch],
            ],
        )
        connection.execute(
            "INSERT INTO by_hand_passage SELECT number, vector::halfvec"
            " FROM unnest(%s::int[], %s::text[]) AS p (number, vector)",
            [
                [number for number, document in batch for _ in document.vectors],
                [vector_text(vector) for _, document in batch for vector in document.vectors],
            ],
        )

    def search(self, mode: str, query: Query) -> list[str]:
        words = " | ".join("".join(c if c.isalnum() else " " for c in query.text).split())
        parameters = {"any_word": words, "vector": vector_text(query.vector.tolist())}
        rows = self._connection().execute(self._statements[mode], parameters, prepare=True).fetchall()
        return [row[0] for row in rows]

    def _connection(self) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = psycopg.connect(self._url, autocommit=True)
            connection.execute("SET hnsw.ef_search = 100")
            self._connections.append(connection)
            self._own.connection = connection
        return connection

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
