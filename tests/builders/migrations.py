"""Migrations of a test's own, and what they left."""

from pathlib import Path
from typing import Any

import psycopg


async def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []


def write_migrations(folder: Path, **scripts: str) -> Path:
    for name, script in scripts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "migration.sql").write_bytes(script.encode())
    return folder
