"""Objects in a folder, for a laptop: its API serves the signed addresses itself."""

import asyncio
import hashlib
import hmac
import os
import secrets
import shutil
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

from shared.database.boundaries import refuse_in_unit_of_work
from shared.errors import (
    ObjectNotFound,
    PermissionDenied,
    StorageUnavailable,
)
from shared.storage.arrivals import announce
from shared.storage.keys import checked_key
from shared.storage.protocol import StoredObject, refuse_larger

PIECE_BYTES = 4_000_000
# Where the API serves what is signed here.
ROUTE = "/uploads/"
_KEY_BYTES = 32


class FolderStorage:
    """Content and type of an object are a file each, under the key's own path."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._content, self._types = root / "content", root / "types"

    async def put(self, key: str, data: bytes | Path, content_type: str) -> None:
        refuse_in_unit_of_work("ObjectStorage")
        await asyncio.to_thread(self._put, checked_key(key), data, content_type)

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        refuse_in_unit_of_work("ObjectStorage")
        return await asyncio.to_thread(self._read, checked_key(key), start, length)

    async def download(self, key: str, path: Path, *, at_most: int) -> None:
        found = await self.head(key)
        if found is None:
            raise ObjectNotFound
        refuse_larger(found, at_most)
        with storage_errors():
            await asyncio.to_thread(shutil.copyfile, self._content / key, path)

    async def chunks(self, key: str, *, start: int = 0) -> AsyncGenerator[bytes]:
        refuse_in_unit_of_work("ObjectStorage")
        # Who holds a file open goes on reading it, also when another one takes its place.
        with storage_errors(), (self._content / checked_key(key)).open("rb") as file:
            file.seek(start)
            while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield piece

    async def head(self, key: str) -> StoredObject | None:
        refuse_in_unit_of_work("ObjectStorage")
        with suppress(ObjectNotFound):
            return await asyncio.to_thread(self._head, checked_key(key))
        return None

    async def delete(self, keys: Sequence[str]) -> None:
        refuse_in_unit_of_work("ObjectStorage")
        for key in keys:
            for folder in (self._content, self._types):
                await asyncio.to_thread((folder / checked_key(key)).unlink, missing_ok=True)

    async def start_upload(self, key: str, content_type: str) -> str:
        refuse_in_unit_of_work("ObjectStorage")
        upload_id = secrets.token_hex(16)
        with storage_errors():
            await asyncio.to_thread(
                self._replace, self._parts(key, upload_id) / "type", content_type.encode()
            )
        return upload_id

    async def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        refuse_in_unit_of_work("ObjectStorage")
        return await asyncio.to_thread(self._put_part, self._parts(key, upload_id), number, data)

    async def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        refuse_in_unit_of_work("ObjectStorage")
        await asyncio.to_thread(self._complete, key, self._parts(key, upload_id), etags)

    async def abort_upload(self, key: str, upload_id: str) -> None:
        refuse_in_unit_of_work("ObjectStorage")
        await asyncio.to_thread(shutil.rmtree, self._parts(key, upload_id), ignore_errors=True)

    def presign_get(self, key: str, *, seconds: int, filename: str) -> str:
        return self._signed("GET", key, seconds, {"filename": filename})

    def presign_put(self, key: str, *, seconds: int, content_type: str, size: int | None) -> str:
        sizes = {} if size is None else {"size": str(size)}
        return self._signed("PUT", key, seconds, {"type": content_type, **sizes})

    def check(self, method: str, key: str, parameters: Mapping[str, str]) -> None:
        """Raise PermissionDenied unless these are an address that was signed here, still in its time."""
        given = {name: value for name, value in parameters.items() if name != "signature"}
        expected = self._signature(method, checked_key(key), given)
        is_signed = hmac.compare_digest(expected, parameters.get("signature", "").encode("utf-8", "replace"))
        if not is_signed or int(given["expires"]) < time.time():
            raise PermissionDenied("This address was not signed here, or its time is over; ask for another.")

    def incoming(self) -> Path:
        """A file of one's own to write an upload into; `put` then takes it, and the caller removes it."""
        with storage_errors():
            folder = self._root / "incoming"
            folder.mkdir(parents=True, exist_ok=True)
            return folder / secrets.token_hex(16)

    @property
    def root(self) -> Path:
        return self._root

    def path(self, key: str) -> Path:
        """The file that has the object's content. Raises ObjectNotFound."""
        path = self._content / checked_key(key)
        if not path.is_file():
            raise ObjectNotFound
        return path

    async def aclose(self) -> None:
        """No file is open between two calls."""

    def _put(self, key: str, data: bytes | Path, content_type: str) -> None:
        with storage_errors():
            self._replace(self._types / key, content_type.encode())
            size = self._replace(self._content / key, data)
        announce(self._root, key, size)

    def _parts(self, key: str, upload_id: str) -> Path:
        """Where the parts of an upload lie until it is completed, beside the type of the object."""
        return self._root / "parts" / checked_key(key) / upload_id

    def _put_part(self, folder: Path, number: int, data: bytes) -> str:
        with storage_errors():
            etag = hashlib.sha256(data).hexdigest()
            (folder / "type").stat()
            self._replace(folder / f"{number}-{etag}", data)
        return etag

    def _complete(self, key: str, folder: Path, etags: Sequence[str]) -> None:
        whole = self.incoming()
        with storage_errors():
            content_type = (folder / "type").read_text(encoding="utf-8")
            try:
                with whole.open("wb") as written:
                    for number, etag in enumerate(etags, 1):
                        with (folder / f"{number}-{etag}").open("rb") as part:
                            shutil.copyfileobj(part, written)
                self._put(key, whole, content_type)
            finally:
                whole.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def _replace(self, path: Path, data: bytes | Path) -> int:
        """Whoever reads finds the old file or the new one, whole. Returns its bytes."""
        path.parent.mkdir(parents=True, exist_ok=True)
        written = self.incoming()
        try:
            if isinstance(data, Path):
                shutil.copyfile(data, written)
            else:
                written.write_bytes(data)
            size = written.stat().st_size
            written.replace(path)
            return size
        finally:
            written.unlink(missing_ok=True)

    def _read(self, key: str, start: int, length: int | None) -> bytes:
        with storage_errors(), (self._content / key).open("rb") as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def _head(self, key: str) -> StoredObject:
        with storage_errors():
            found = (self._content / key).stat()
            content_type = (self._types / key).read_text(encoding="utf-8")
        return StoredObject(found.st_size, content_type, f'"{found.st_ino:x}-{found.st_mtime_ns:x}"')

    def _signed(self, method: str, key: str, seconds: int, parameters: dict[str, str]) -> str:
        parameters = {**parameters, "expires": str(int(time.time()) + seconds)}
        signature = self._signature(method, checked_key(key), parameters).decode()
        return f"{ROUTE}{quote(key)}?{urlencode({**parameters, 'signature': signature})}"

    def _signature(self, method: str, key: str, parameters: Mapping[str, str]) -> bytes:
        signed = "\n".join([method, key, urlencode(sorted(parameters.items()), errors="replace")])
        return (
            hmac.new(self._signing_key(), signed.encode("utf-8", "replace"), hashlib.sha256)
            .hexdigest()
            .encode()
        )

    def _signing_key(self) -> bytes:
        """Made at the first use, and for this user's eyes alone."""
        path = self._root / "signing_key"
        with storage_errors():
            if not path.exists():
                self._root.mkdir(parents=True, exist_ok=True)
                made = self.incoming()
                made.touch(mode=0o600)
                made.write_bytes(secrets.token_bytes(_KEY_BYTES))
                # Of several processes that make one, the first one's stays.
                with suppress(FileExistsError):
                    os.link(made, path)
                made.unlink()
            return path.read_bytes()


@contextmanager
def storage_errors() -> Iterator[None]:
    """Raise what the file system refuses as ObjectNotFound and StorageUnavailable."""
    try:
        yield
    except FileNotFoundError:
        raise ObjectNotFound from None
    except OSError as error:
        raise StorageUnavailable(f"The folder of IMPORT_BUCKET cannot be used ({error.strerror}).") from error
