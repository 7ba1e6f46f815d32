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
    assert not any(child.is_running() for child in children)


async def test_a_process_that_says_too_much_is_ended() -> None:
    code = "while True: print('x' * 1000)"
    ended = await run_child(
        [sys.executable, "-c", code], dict(os.environ), b"", seconds=60, most_bytes=10_000
    )
    assert ended == Ended(None, b"")


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
