"""Mistyped words, unfinished words and suggestions: what they cost, beside comparing with every word.

uv run python -m tests.benchmarks.typos [--json] [--data DIR] [--documents N]
"""

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from shared.domain.principals import ADMIN, WORKER
from shared.services.maintain_indexes import maintain_indexes
from shared.services.suggest_queries import suggest_queries
from tests.benchmarks.ingest import Documents, create, upsert
from tests.benchmarks.judged_data import read_collection
from tests.benchmarks.report import Report, arguments, percentile
from tests.builders.application import RunningConcord, running_concord
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres

ASKED = 200
COMPARED = 5
LETTERS = "abcdefghijklmnopqrstuvwxyz"
EXPAND = "SELECT term FROM concord.expand_word(1, 'english', %s, %s, %s)"
BY_HAND = """
    SELECT word FROM concord.keyword_word
    WHERE collection_id = 1 AND length(word) BETWEEN length(%(word)s) - 2 AND length(%(word)s) + 2
        AND concord.edits_between(%(word)s, word, 2) <= 2
"""
SOME_WORDS = """
    SELECT w.word, t.term FROM concord.keyword_word w
    JOIN concord.keyword_term t ON t.collection_id = w.collection_id AND t.id = w.term_id
    WHERE w.word ~ '^[a-z]{5,}$' ORDER BY hashtext(w.word), w.word LIMIT %s
"""
SIZES = """
    SELECT count(*), pg_relation_size('concord.keyword_word'), pg_relation_size('concord.keyword_word_pkey'),
           pg_relation_size('concord.keyword_word_fragments_idx'),
           pg_relation_size('concord.keyword_word_length_idx')
    FROM concord.keyword_word
"""

type Connection = psycopg.Connection[TupleRow]


def documents_of(folder: Path, size: int) -> Documents:
    names = ("scifact", "cranfield", "wordnet_bulk")
    found = [read_collection(folder / name) for name in names if (folder / name).exists()]
    read = found or [read_collection(folder)]
    documents = [(title, text) for collection in read for _, title, text in collection.documents]
    return [(f"d{number}", title, text or title) for number, (title, text) in enumerate(documents[:size])]


def mistyped(word: str, chance: random.Random) -> str:
    """One random edit, or two from 8 letters on."""
    for _ in range(1 if len(word) < 8 else 2):
        place, letter = chance.randrange(len(word)), chance.choice(LETTERS)
        head, here, tail = word[:place], word[place], word[place + 1 :]
        edits = [head + tail, head + letter + here + tail, head + letter + tail]
        word = chance.choice([*edits, head + tail[:1] + here + tail[1:]])
    return word


def spread(what: str, milliseconds: Sequence[float], **more: Any) -> dict[str, Any]:
    times = list(milliseconds)
    return {
        "what": what,
        "p50_ms": round(percentile(times, 0.5), 2),
        "p95_ms": round(percentile(times, 0.95), 2),
        **more,
    }


def timed(connection: Connection, statement: str, parameters: Any) -> tuple[float, list[TupleRow]]:
    started = time.perf_counter()
    rows = connection.execute(statement.encode(), parameters).fetchall()
    return (time.perf_counter() - started) * 1000, rows


def measure_words(connection: Connection, report: Report) -> None:
    chance = random.Random(3)
    words = connection.execute(SOME_WORDS, [ASKED]).fetchall()
    typed = [mistyped(word, chance) for word, _ in words]
    asked = [timed(connection, EXPAND, [word, True, False]) for word in typed]
    found = sum((term,) in rows for (_, term), (_, rows) in zip(words, asked, strict=True))
    mistakes = [milliseconds for milliseconds, _ in asked]
    by_hand = [timed(connection, BY_HAND, {"word": word})[0] for word in typed[:COMPARED]]
    report.rows += [
        spread("mistyped word", mistakes, found=round(found / len(words), 3)),
        spread("comparing with all", by_hand),
    ]
    for size in (2, 3, 5):
        times = [timed(connection, EXPAND, [word[:size], False, True])[0] for word, _ in words]
        report.rows.append(spread(f"{size} letters of a word", times))
    report.ratios["fragments_vs_comparing_with_all"] = round(
        percentile(by_hand, 0.5) / percentile(mistakes, 0.5), 1
    )
    count, *sizes = connection.execute(SIZES).fetchall()[0]
    names = ("table", "key", "fragments", "lengths")
    parts = {f"{name}_bytes_per_word": round(size / count) for name, size in zip(names, sizes, strict=True)}
    report.rows.append({"what": "storage", "words": count, **parts})


async def measure_suggestions(concord: RunningConcord, documents: Documents, report: Report) -> None:
    """The last word of two neighbours, with 1 to 5 letters of it typed, alone and after the other."""
    chance = random.Random(5)
    pairs = []
    for _, _, text in chance.choices(documents, k=ASKED):
        words = [word for word in text.split() if len(word) > 4] * 2
        pairs.append(words[chance.randrange(len(words) // 2) :][:2] if words else ["a", "word"])
    for what, before in (("suggestions for a word", False), ("suggestions for two words", True)):
        times = []
        for number, (first, second) in enumerate(pairs):
            query = f"{first} " * before + second[: 1 + number % 5]
            started = time.perf_counter()
            await suggest_queries(concord.database, ADMIN, "words", query, 10)
            times.append((time.perf_counter() - started) * 1000)
        report.rows.append(spread(what, times))


async def measure(url: str, documents: Documents, report: Report) -> None:
    async with running_concord(url) as concord:
        await create(concord, "words")
        seconds = await upsert(concord, "words", documents)
        await maintain_indexes(concord.database, WORKER, deadline=time.monotonic() + 3600)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            measure_words(connection, report)
        await measure_suggestions(concord, documents, report)
    report.rows.append(
        {"what": "load", "documents": len(documents), "per_s": round(len(documents) / seconds)}
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, default=114_000, help="how many documents to search")
    options = parser.parse_args()
    report = Report("Typos")
    with folder_for_servers() as folder:
        url = start_postgres(Path(folder), 18)
        asyncio.run(measure(url, documents_of(options.data, options.documents), report))
        stop_postgres(Path(folder), 18)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
