"""The process that parses a file: without semaphores, without secrets, and never longer than its caller."""

import asyncio
import os
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from shared.errors import UnreadableFile
from shared.parsing import child
from shared.parsing.child_process import Ended, run_child
from shared.parsing.limits import ParseLimits
from shared.parsing.parse_file import parse_file
from tests.builders.files import mutated, write_docx, write_pdf, write_xlsx

WITHOUT_SEMAPHORES = """
import _multiprocessing, asyncio, pathlib, sys
def refuse(*arguments): raise OSError(38, "Function not implemented")
_multiprocessing.SemLock = refuse
from shared.parsing.parse_file import parse_file
print(asyncio.run(parse_file(pathlib.Path(sys.argv[1]), "a.pdf")).body)
"""
STOPPED_AT_THE_START = """
import asyncio, pathlib, sys, psutil
from shared.parsing.parse_file import parse_file
async def stop():
    parsing = asyncio.create_task(parse_file(pathlib.Path(sys.argv[1]), "a.pdf"))
    while not psutil.Process().children():
        await asyncio.sleep(0)
asyncio.run(stop())
print("stopped, and left", psutil.Process().children() or "nobody")
"""
SECRETS = (
    *("DATABASE_URL", "DATABASE_READER_URL", "DATABASE_MIGRATION_URL", "DATABASE_SECRET_ARN", "REDIS_URL"),
    *("OPENAI_API_KEY", "ADMIN_KEY_HASH", "CONCORD_API_KEY", "PGPASSWORD"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
)
SECONDS_OF_FUZZING = 4
SHORT = ParseLimits(seconds=5)


def test_no_semaphores_are_needed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_SEMAPHORES, str(write_pdf(tmp_path / "a"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "The Nile flows" in done.stdout


async def test_a_process_does_not_outlive_its_caller() -> None:
    code = "import time; time.sleep(60)"
    started = asyncio.create_task(
        run_child([sys.executable, "-c", code], dict(os.environ), b"", seconds=60, most_bytes=10)
    )
    while not (children := [p for p in psutil.Process().children() if code in p.cmdline()]):  # noqa: ASYNC110 - a process announces its start to nobody
        await asyncio.sleep(0.01)
    started.cancel()
    with pytest.raises(asyncio.CancelledError):
        await started
    assert not any(process.is_running() for process in children)


def test_who_stops_while_a_parser_starts_does_not_wait_for_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STOPPED_AT_THE_START, str(write_pdf(tmp_path / "a"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "stopped, and left nobody\n"


async def test_a_process_that_is_gone_is_told_nothing() -> None:
    ended = await run_child(["/bin/false"], {}, bytes(1_000_000), seconds=60, most_bytes=10)
    assert ended == Ended(1, b"")


async def test_a_process_that_says_too_much_is_ended() -> None:
    code = "while True: print('x' * 1000)"
    ended = await run_child(
        [sys.executable, "-c", code], dict(os.environ), b"", seconds=60, most_bytes=10_000
    )
    assert ended == Ended(None, b"")


async def test_a_process_is_given_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, f"secret of {name}")
    monkeypatch.setenv("TZ", "Europe/Vienna")
    parsing = asyncio.create_task(parse_file(write_pdf(tmp_path / "a"), "a.pdf"))
    while not (children := [p for p in psutil.Process().children() if child.__name__ in p.cmdline()]):
        assert not parsing.done()
        await asyncio.sleep(0.001)
    (parser,) = children
    parser.suspend()
    given = parser.environ()
    parser.resume()
    assert given["TZ"] == "Europe/Vienna"
    assert given.keys().isdisjoint(SECRETS)
    assert not any("secret of" in value for value in given.values())
    assert "The Nile flows" in (await parsing).body


@pytest.mark.parametrize("made", [write_pdf, write_docx, write_xlsx])
async def test_a_damaged_file_gives_text_or_a_reason(tmp_path: Path, made: object) -> None:
    assert callable(made)
    data = made(tmp_path / "whole").read_bytes()
    randomness = random.Random(5)
    until = asyncio.get_running_loop().time() + SECONDS_OF_FUZZING
    tried = 0
    while asyncio.get_running_loop().time() < until:
        path = tmp_path / f"damaged-{tried}"
        path.write_bytes(mutated(data, randomness))
        tried += 1
        with suppress(UnreadableFile):
            assert (await parse_file(path, "a", SHORT)).body.strip()
    assert tried > 3
