"""The body of an answer, unpacked, and never more of it than may be."""

import zlib
from collections.abc import AsyncIterable

from shared.errors import FetchFailed
from shared.fetching.problems import FetchProblem

# Of a compressed body so much is unpacked at a time.
_STEP_BYTES = 65_536
# Reads gzip and zlib by their own headers.
_ANY_HEADER = 47


async def read_body(parts: AsyncIterable[bytes], encoding: str, *, at_most: int) -> bytes:
    """The body, of which not a byte more than `at_most` is held. Raises FetchFailed.

    `encoding` is the answer's Content-Encoding: gzip, deflate or none.
    """
    if encoding in {"", "identity"}:
        return await _read_plain(parts, at_most)
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return await _read_packed(parts, at_most)
    raise FetchFailed(
        FetchProblem.UNREADABLE_ANSWER, f"The answer is packed as {encoding[:30]}, which was not asked for."
    )


def unpack(packed: bytes, *, at_most: int) -> bytes:
    """A gzip file's content. Raises FetchFailed."""
    return _unpacked(zlib.decompressobj(_ANY_HEADER), packed, at_most)


async def _read_plain(parts: AsyncIterable[bytes], at_most: int) -> bytes:
    body = bytearray()
    async for part in parts:
        body += part
        _refuse_larger(len(body), at_most)
    return bytes(body)


async def _read_packed(parts: AsyncIterable[bytes], at_most: int) -> bytes:
    unpacker = zlib.decompressobj(_ANY_HEADER)
    body = bytearray()
    async for part in parts:
        body += _unpacked(unpacker, part, at_most - len(body))
    if not unpacker.eof:
        raise FetchFailed(FetchProblem.UNREADABLE_ANSWER, "The packed answer ends before its end; try again.")
    return bytes(body)


def _unpacked(unpacker: "zlib._Decompress", packed: bytes, at_most: int) -> bytes:
    body = bytearray()
    while packed and not unpacker.eof:
        try:
            body += unpacker.decompress(packed, _STEP_BYTES)
        except zlib.error:
            raise FetchFailed(
                FetchProblem.UNREADABLE_ANSWER, "The answer says that it is packed, and cannot be unpacked."
            ) from None
        _refuse_larger(len(body), at_most)
        packed = unpacker.unconsumed_tail
    return bytes(body)


def _refuse_larger(size: int, at_most: int) -> None:
    if size > at_most:
        raise FetchFailed(
            FetchProblem.TOO_LARGE, "The answer is larger than may be fetched; split it, or leave it out."
        )
