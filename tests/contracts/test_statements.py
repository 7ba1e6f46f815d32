"""Every named SQL block is a statement that the migrated schema takes, and is used."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import psycopg
from psycopg.pq import ExecStatus
from psycopg.rows import TupleRow

from shared.database.statements import SqlFile, Statement
from shared.domain.ranking import Fusion
from shared.repositories.search_text import search_statement
from tests.builders.search_shapes import SEARCH_SHAPES

REPOSITORIES = Path(__file__).parents[2] / "shared" / "repositories"
FILES = [
    SqlFile("shared.repositories.sql", path.stem) for path in sorted((REPOSITORIES / "sql").glob("*.sql"))
]
# A block that is no statement by itself: it fills the slot of its name in a statement of its file.
FRAGMENT = "fragment_"
# One of many that a search's statement is put together from, as its shape asks.
PIECE = "piece_"
SLOT = re.compile(r"/\*(\w+)\*/.*?/\*end\*/", re.DOTALL)
PARAMETER = re.compile(r"%\((\w+)\)s")


def variants(file: SqlFile, statement: Statement) -> Iterator[Statement]:
    """The statement with the defaults of its slots and with the fragments that are made for them."""
    blocks = file.blocks()
    slots = sorted({slot for slot in SLOT.findall(statement.text) if FRAGMENT + slot in blocks})
    for choice in product([False, True], repeat=len(slots)):
        # All or none: fragments of one statement may refer to each other.
        if len(set(choice)) <= 1:
            filled = statement
            for slot, is_filled in zip(slots, choice, strict=True):
                filled = filled.with_slot(slot, blocks[FRAGMENT + slot].text) if is_filled else filled
            yield filled


def statements() -> Iterator[tuple[str, Statement]]:
    for file in FILES:
        for name, statement in file.blocks().items():
            if file.name == "search" and name == "search_documents":
                yield from ((f"search.{name}", search_statement(shape)) for shape in SEARCH_SHAPES)
            elif not name.startswith((FRAGMENT, PIECE)):
                for variant in variants(file, statement):
                    yield f"{file.name}.{name}", variant


def problem_with(connection: psycopg.Connection[TupleRow], statement: Statement) -> str | None:
    """What Postgres says against preparing the statement."""
    names = list(dict.fromkeys(PARAMETER.findall(statement.text)))
    text = PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", statement.text).replace("%%", "%")
    result = connection.pgconn.prepare(b"", text.encode())
    return None if result.status == ExecStatus.COMMAND_OK else result.error_message.decode()


def test_every_block_can_be_prepared(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        problems = [(name, problem_with(connection, statement)) for name, statement in statements()]
    assert problems
    assert {(name, problem) for name, problem in problems if problem} == set()


def test_a_wrong_block_is_noticed(database_url: str) -> None:
    wrong = Statement("wrong", "SELECT absent FROM concord.collection WHERE name = %(name)s")
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert "absent" in (problem_with(connection, wrong) or "")


def test_every_fragment_fills_a_slot() -> None:
    for file in FILES:
        blocks = file.blocks()
        slots = {slot for statement in blocks.values() for slot in SLOT.findall(statement.text)}
        fragments = {name.removeprefix(FRAGMENT) for name in blocks if name.startswith(FRAGMENT)}
        assert fragments <= slots


def test_every_block_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in REPOSITORIES.glob("*.py"))
    blocks = [name for file in FILES for name in file.blocks() if not name.startswith(PIECE)]
    assert [name for name in blocks if f'"{name}"' not in code] == []


def test_every_piece_of_a_search_stands_in_one() -> None:
    pieces = {
        name for name in SqlFile("shared.repositories.sql", "search").blocks() if name.startswith(PIECE)
    }
    code = (REPOSITORIES / "search_text.py").read_text() + (REPOSITORIES / "search_conditions.py").read_text()
    named = {PIECE + name for name in re.findall(r'"(\w+)"', code)} | set(re.findall(r'"(piece_\w+)"', code))
    assert pieces - named - {PIECE + fusion.value for fusion in Fusion} == set()
