"""SQLite: FTS5 over documents and sqlite-vec over passages, fused by reciprocal ranks in one statement."""

import threading
from pathlib import Path
from typing import Any

import apsw
import sqlite_vec

from tests.benchmarks.peers.peer import PASSAGES_FOR_K, K
from tests.benchmarks.search_data import Query, SearchData

_TABLES = """
CREATE TABLE document (number INTEGER PRIMARY KEY, id TEXT NOT NULL);
CREATE VIRTUAL TABLE document_words USING fts5(text, content='', tokenize='porter unicode61');
CREATE VIRTUAL TABLE passage USING vec0(vector float[384] distance_metric=cosine, +document integer);
"""
_WORDS = f"""
SELECT rowid AS number, row_number() OVER (ORDER BY rank) AS place
FROM (SELECT rowid, rank FROM document_words WHERE document_words MATCH :words ORDER BY rank LIMIT {K})
"""
# sqlite-vec would take the outer order for its own, were its rows not collected first.
_MEANING = f"""
WITH nearest AS MATERIALIZED (
    SELECT document, distance FROM passage WHERE vector MATCH :vector AND k = {PASSAGES_FOR_K})
SELECT number, row_number() OVER (ORDER BY distance) AS place
FROM (SELECT document AS number, min(distance) AS distance FROM nearest
      GROUP BY document ORDER BY 2 LIMIT {K})
"""
_STATEMENTS = {
    "keyword": f"SELECT d.id FROM ({_WORDS}) r JOIN document d USING (number) ORDER BY r.place",
    "semantic": f"SELECT d.id FROM ({_MEANING}) r JOIN document d USING (number) ORDER BY r.place",
    "hybrid": f"""
SELECT d.id
FROM (SELECT number, sum(1.0 / (60 + place)) AS score
      FROM (SELECT * FROM ({_WORDS}) UNION ALL SELECT * FROM ({_MEANING}))
      GROUP BY number ORDER BY score DESC LIMIT {K}) r
JOIN document d USING (number) ORDER BY r.score DESC
""",
}


class Sqlite:
    """sqlite-vec scans all vectors: it has no index that it calls stable. Each thread has a connection."""

    name = "SQLite FTS5 + sqlite-vec"
    modes = ("hybrid", "keyword", "semantic")
    index = (
        f"{apsw.sqlite_lib_version()}, sqlite-vec {sqlite_vec.__version__}; FTS5 (porter), exact vectors, RRF"
    )

    def load(self, data: SearchData, folder: Path) -> None:
        self._path = folder / "search.db"
        self._own = threading.local()
        connection = self._connection()
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(_TABLES)
        with connection:
            for number, document in enumerate(data.documents):
                connection.execute("INSERT INTO document VALUES (?, ?)", (number, document.id))
                text = f"{document.title}\n{document.body}"
                connection.execute("INSERT INTO document_words (rowid, text) VALUES (?, ?)", (number, text))
                for vector in document.vectors:
                    connection.execute(
                        "INSERT INTO passage (vector, document) VALUES (?, ?)", (vector.tobytes(), number)
                    )
        connection.execute("INSERT INTO document_words (document_words) VALUES ('optimize')")

    def search(self, mode: str, query: Query) -> list[str]:
        words = "".join(c if c.isalnum() else " " for c in query.text).split()
        parameters: dict[str, Any] = {}
        if mode != "semantic":
            parameters["words"] = " OR ".join(f'"{word}"' for word in words)
        if mode != "keyword":
            parameters["vector"] = query.vector.tobytes()
        return [row[0] for row in self._connection().execute(_STATEMENTS[mode], parameters)]

    def _connection(self) -> Any:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = apsw.Connection(str(self._path))
            connection.enable_load_extension(True)
            connection.load_extension(sqlite_vec.loadable_path())
            self._own.connection = connection
        return connection

    def close(self) -> None:
        self._connection().close()
