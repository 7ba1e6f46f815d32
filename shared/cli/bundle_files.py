"""Bundles in files and streams."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from shared.domain.bundles import MAX_LINE_BYTES
from shared.errors import InvalidBundle

STREAM = "-"


@contextmanager
def written(path: str) -> Iterator[BinaryIO]:
    """The file to write, or standard output. A file is there when it is whole, and not before.

    Raises InvalidBundle when it cannot be written.
    """
    if path == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = Path(f"{path}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise InvalidBundle(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The file to read, from its beginning as often as need be; a stream is kept in a file meanwhile.

    Raises InvalidBundle when it cannot be read.
    """
    if path == STREAM:
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            yield kept
        return
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InvalidBundle(f"{path} cannot be read: {error.strerror}.") from None
    with file:
        yield file


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines from the beginning. Raises InvalidBundle for one that no bundle has, it is so long."""
    file.seek(0)
    while line := file.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES:
            raise InvalidBundle(f"A line has {MAX_LINE_BYTES} bytes or more: this is no bundle.")
        yield line
