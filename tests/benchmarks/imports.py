"""An import of NDJSON until its documents are found by words, beside COPY of the same lines with a GIN index.

uv run python -m tests.benchmarks.imports [--json] [--data DIR] [--documents N]
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr

from shared.cache.null import NullCache
from shared.config import DatabaseSettings
from shared.database.connections import open_connection
from shared.database.migrations import apply_migrations
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.domain.imports import ImportFormat, ImportOptions
from shared.domain.principals import ADMIN, WORKER
from shared.queues.null import NullQueue
from shared.queues.protocol import WriteQueues
from shared.repositories.imports import ImportKey
from shared.services.create_import import NewImport, create_import
from shared.services.process_import import ImportRun
from shared.storage.folder import FolderStorage
from tests.benchmarks.judged_data import generated_collection
from tests.benchmarks.report import Report, arguments
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres

ADD_COLLECTION = """
INSERT INTO concord.collection (name, language, space_id)
VALUES ('bulk', 'english', concord.open_embedding_space(%s, %s))
"""
SPACE = EmbeddingSpace("all-MiniLM-L6-v2", 384)
MEGABYTE = 1_000_000


def lines_of(data: Path, wanted: int) -> list[bytes]:
    corpus = data / "wordnet_bulk" / "corpus.jsonl"
    if corpus.exists():
        return corpus.read_bytes().splitlines()[:wanted]
    generated = generated_collection(wanted).documents[:wanted]
    return [
        json.dumps({"_id": name, "title": title, "text": text}).encode() for name, title, text in generated
    ]


def copy_by_hand(url: str, lines: list[bytes]) -> float:
    """Seconds to parse the lines and COPY them into a table with a generated, GIN-indexed tsvector."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE by_hand (id text PRIMARY KEY, title text, body text, metadata jsonb, words tsvector"
            " GENERATED ALWAYS AS (to_tsvector('english', title || ' ' || body)) STORED)"
        )
        connection.execute("CREATE INDEX ON by_hand USING gin (words)")
        started = time.perf_counter()
        copy = "COPY by_hand (id, title, body, metadata) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(copy) as copied:
            for line in lines:
                fields = json.loads(line)
                metadata = json.dumps(fields.get("metadata", {}))
                copied.write_row((fields["_id"], fields["title"], fields["text"], metadata))
        return time.perf_counter() - started


async def prepare(url: str, objects: Path, content: Path) -> ImportKey:
    """A collection, and an import whose bytes are there."""
    await apply_migrations(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ADD_COLLECTION, SPACE)
    database = open_connection(DatabaseSettings(database_url=SecretStr(url)))
    storage = FolderStorage(objects)
    asked = NewImport(ImportFormat.NDJSON, "bulk.ndjson", ImportOptions(), False, None, None)
    row, _ = await create_import(database, storage, ADMIN, "bulk", asked)
    await storage.put(row.object_key, content, "application/x-ndjson")
    await database.aclose()
    return ImportKey(row.collection_id, row.id)


async def process(url: str, objects: Path, key: ImportKey) -> float:
    """Seconds for the worker, in a process that does nothing else."""
    settings = DatabaseSettings(
        database_url=SecretStr(url), database_prepared_statements=True, database_statement_timeout_ms=600_000
    )
    database = open_connection(settings)
    queues = WriteQueues(NullQueue(), NullQueue())
    run = ImportRun(
        database, FolderStorage(objects), NullCache(), queues, WORKER, deadline=time.monotonic() + 3_600
    )
    started = time.perf_counter()
    await run.process(key)
    seconds = time.perf_counter() - started
    await database.aclose()
    return seconds


def process_apart(url: str, objects: Path, key: ImportKey) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.imports",
        "--worker",
        url,
        str(objects),
        *map(str, key),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def work(url: str, objects: str, collection_id: str, import_id: str) -> None:
    seconds = asyncio.run(process(url, Path(objects), ImportKey(int(collection_id), import_id)))
    # In kibibytes on Linux, in bytes on macOS.
    scale = 1 if sys.platform == "darwin" else 1_024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
    print(json.dumps({"seconds": seconds, "peak_mb": round(peak / MEGABYTE)}))


def compare(url: str, lines: list[bytes], report: Report) -> None:
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder) / "bulk.ndjson"
        content.write_bytes(b"\n".join(lines))
        by_hand = copy_by_hand(url, lines)
        key = asyncio.run(prepare(url, Path(folder) / "objects", content))
        measured = process_apart(url, Path(folder) / "objects", key)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT state, created, failed FROM concord.import").fetchone()
    assert found == ("done", len(lines), 0), found
    seconds = measured["seconds"]
    report.rows += [
        {"what": "COPY + GIN by hand", "documents": len(lines), "seconds": round(by_hand, 2)},
        {
            "what": "import of NDJSON",
            "documents": len(lines),
            "seconds": round(seconds, 2),
            "peak_mb": measured["peak_mb"],
        },
    ]
    for row in report.rows:
        row["per_s"] = round(row["documents"] / row["seconds"])
    report.ratios["import_vs_copy"] = round(by_hand / seconds, 3)


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:])
        return
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, default=107_525)
    options = parser.parse_args()
    report = Report("Imports")
    with folder_for_servers() as folder:
        url = start_postgres(Path(folder), 18)
        compare(url, lines_of(options.data, options.documents), report)
        stop_postgres(Path(folder), 18)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
