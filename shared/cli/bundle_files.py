"""Bundles in files and streams."""

import gzip
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from shared.domain.bundles import MAX_LINE_BYTES
from shared.errors import InvalidBundle

STREAM = "-"
# What a file that gzip has made begins with.
_GZIP = b"\x1f\x8b"


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
    """The lines to read, from their beginning as often as need be; a stream is kept in a file meanwhile.

    What is compressed by gzip is read as what it was. Raises InvalidBundle when it cannot be read.
    """
    with _opened_as_it_is(path) as file:
        is_packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        if not is_packed:
            yield file
            return
        with gzip.open(file) as unpacked:
            yield cast(BinaryIO, unpacked)


@contextmanager
def _opened_as_it_is(path: str) -> Iterator[BinaryIO]:
    if path == STREAM:
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            kept.seek(0)
            yield kept
        return
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InvalidBundle(f"{path} cannot be read: {error.strerror}.") from None
    with file:
        yield file


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines from the beginning.

    Raises InvalidBundle for one that no bundle has, it is so long, and where a compressed file is damaged.
    """
    file.seek(0)
    try:
        while line := file.readline(MAX_LINE_BYTES):
            if len(line) == MAX_LINE_BYTES:
                raise InvalidBundle(f"A line has {MAX_LINE_BYTES} bytes or more: this is no bundle.")
            yield line
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InvalidBundle("The compressed bundle is damaged, or a part of it is missing.") from None
