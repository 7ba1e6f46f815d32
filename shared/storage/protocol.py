"""What every storage of objects offers: files by key, such as `imports/guides/7.ndjson`."""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from shared.errors import PayloadTooLarge

# S3 refuses smaller ones.
SMALLEST_PART_BYTES = 5_242_880


class StoredObject(NamedTuple):
    """What is known of an object without reading it. `etag` differs when its bytes do."""

    size: int
    content_type: str
    etag: str


def refuse_larger(found: StoredObject, at_most: int) -> None:
    """Raises PayloadTooLarge."""
    if found.size > at_most:
        raise PayloadTooLarge(f"The file has {found.size:,} bytes; it may have {at_most:,}.")


class ObjectStorage(Protocol):
    """Objects by key. A key that could lead elsewhere is refused with InvalidRequest.

    Every method that reaches for the objects raises StorageUnavailable when they cannot be reached, and
    NetworkCallInUnitOfWork inside of a unit of work.
    """

    async def put(self, key: str, data: bytes | Path, content_type: str) -> None:
        """Store the whole, in the place of what was there: never a part of it."""
        ...

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        """So many bytes from that one on, fewer where the object ends. Raises ObjectNotFound."""
        ...

    async def download(self, key: str, path: Path, *, at_most: int) -> None:
        """Write the object to a file. Raises ObjectNotFound, and PayloadTooLarge before it has read more."""
        ...

    def chunks(self, key: str, *, start: int = 0) -> AsyncGenerator[bytes]:
        """The object from that byte on, a few megabytes at a time. Raises ObjectNotFound.

        Who does not read it to its end closes it.

        All are of one version: Conflict is raised when the object was written anew meanwhile.
        """
        ...

    async def head(self, key: str) -> StoredObject | None: ...

    async def start_upload(self, key: str, content_type: str) -> str:
        """Begin an object that is stored in parts; nobody sees it before its upload is completed.

        Returns the upload's id, which lasts for two days and longer than this process.
        """
        ...

    async def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        """Store a part, from number 1 on, of SMALLEST_PART_BYTES at least unless it is the last.

        Returns its etag. Raises ObjectNotFound when the upload has ended.
        """
        ...

    async def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        """Make one object of the parts, which are all there are. Raises ObjectNotFound when it has ended."""
        ...

    async def abort_upload(self, key: str, upload_id: str) -> None:
        """Remove the parts of an upload, unless it has ended."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove those that are there."""
        ...

    def presign_get(self, key: str, *, seconds: int, filename: str) -> str:
        """An address from which whoever has it may download the object for so long, under that name.

        Without host where the API itself serves it.
        """
        ...

    def presign_put(self, key: str, *, seconds: int, content_type: str, size: int | None) -> str:
        """An address to which whoever has it may PUT the object for so long, with that content type.

        `size` is what its bytes have to be; the caller looks at what arrived where that is not known.
        """
        ...

    async def aclose(self) -> None: ...
