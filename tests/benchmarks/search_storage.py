"""What Concord's tables and indexes take, part by part, beside the text and its vectors in half precision."""

from typing import Any

import psycopg

_PARTS = """
SELECT n.nspname || '.' || c.relname AS part, i.relname AS index_name,
       CASE WHEN i.oid IS NULL THEN pg_table_size(c.oid) ELSE pg_relation_size(i.oid) END AS bytes
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT NULL::oid AS oid UNION ALL SELECT x.indexrelid FROM pg_index x WHERE x.indrelid = c.oid) x
LEFT JOIN pg_class i ON i.oid = x.oid
WHERE n.nspname IN ('concord', 'concord_embedding') AND c.relkind = 'r'
"""
_GIVEN = """
SELECT (SELECT sum(octet_length(coalesce(title, '')) + octet_length(body)) FROM concord.document),
       (SELECT count(*) FROM concord.chunk)
"""
_BYTES_PER_VECTOR = 2 * 384
_TYPO_TABLE = "concord.keyword_word"
_WORTH_A_ROW = 0.01


def storage_rows(database_url: str) -> list[dict[str, Any]]:
    """A row per table or index of 1 % and more, and sums: all, and all but the table for typos."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        parts = connection.execute(_PARTS).fetchall()
        given = connection.execute(_GIVEN).fetchone()
    assert given is not None
    text, vectors = int(given[0]), given[1] * _BYTES_PER_VECTOR
    total = sum(size for _, _, size in parts)
    without_typos = sum(size for table, _, size in parts if table != _TYPO_TABLE)
    rows = [
        _row("text", text, text + vectors),
        _row("vectors as float16", vectors, text + vectors),
        _row("all tables and indexes", total, text + vectors),
        _row("all but the table for typos", without_typos, text + vectors),
    ]
    for table, index, size in sorted(parts, key=lambda part: -part[2]):
        if size >= _WORTH_A_ROW * total:
            rows.append(_row(f"{table} / {index}" if index else table, size, text + vectors))
    return rows


def _row(part: str, size: int, given: int) -> dict[str, Any]:
    return {
        "table": "storage",
        "part": part,
        "megabytes": round(size / 1e6, 2),
        "times_text_and_vectors": round(size / given, 3),
    }
