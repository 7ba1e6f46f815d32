"""Under which conditions a run's figures were had."""

import argparse
import importlib.metadata
from typing import Any

import psycopg

from shared.domain import ranking
from tests.benchmarks.search_data import SearchData
from tests.benchmarks.search_server import Server

_VERSIONS = "SELECT version(), (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')"


def settings_of(data: SearchData, server: Server, options: argparse.Namespace) -> dict[str, Any]:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(_VERSIONS).fetchone()
    assert row is not None
    return {
        "data": data.name,
        "documents": len(data.documents),
        "passages": sum(len(document.vectors) for document in data.documents),
        "queries": {kind: len(queries) for kind, queries in data.queries.items()},
        "clients": [1, options.clients],
        "ef_search": ranking.HNSW_WIDTH,
        "cache": "off",
        "query_embedding": "outside of every side's time",
        "sentence_marks": "off, as they need the model",
        "postgres": row[0].split(" on ")[0],
        "pgvector": row[1],
        "server": server.settings,
        "psycopg": importlib.metadata.version("psycopg"),
    }
