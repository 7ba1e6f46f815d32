"""A bundle in parts, each of which is compressed for itself: one after the other they are one file."""

import asyncio
import zlib
from contextlib import aclosing
from typing import NamedTuple

from shared.database.rows import ExportRow
from shared.database.units_of_work import Database
from shared.domain.bundles import BundleLines, LinesUntilNow
from shared.domain.principals import Principal
from shared.repositories.bundles import ExportedCollection
from shared.services.export_collection import NumberRange, exported_groups, header_of

# Compressed; above what a storage takes at the least, and 10,000 of them make 80 GB.
PART_BYTES = 8_000_000
# zlib's flag for the format of gzip, with its largest window.
_GZIP = 16 + zlib.MAX_WBITS


class BundlePart(NamedTuple):
    """The next bytes of a bundle; `made` and `reached` are what the bundle has with them."""

    data: bytes
    made: LinesUntilNow
    reached: int
    is_last: bool


async def next_part(
    database: Database, principal: Principal, collection: ExportedCollection, row: ExportRow
) -> BundlePart:
    """What comes after the parts that an export has: the header before the first, the footer in the last."""
    lines = BundleLines(LinesUntilNow(row.documents, row.vectors_written, row.checksum))
    packed = _Packed()
    if not row.parts:
        await packed.add([lines.header(header_of(collection, with_vectors=row.vectors))])
    reached = row.reached
    numbers = NumberRange(reached, row.last_number)
    async with aclosing(
        exported_groups(database, principal, collection, numbers, with_vectors=row.vectors)
    ) as groups:
        async for documents in groups:
            await packed.add([document.line(lines) for document in documents])
            reached = documents[-1].row.number
            if packed.size >= PART_BYTES:
                return BundlePart(packed.end(), lines.made, reached, is_last=False)
    await packed.add([lines.footer()])
    return BundlePart(packed.end(), lines.made, reached, is_last=True)


class _Packed:
    """Lines as one member of a file of gzip."""

    def __init__(self) -> None:
        self._compress = zlib.compressobj(wbits=_GZIP)
        self._pieces: list[bytes] = []
        self.size = 0

    async def add(self, lines: list[bytes]) -> None:
        piece = await asyncio.to_thread(self._compress.compress, b"".join(lines))
        self._pieces.append(piece)
        self.size += len(piece)

    def end(self) -> bytes:
        return b"".join([*self._pieces, self._compress.flush()])
