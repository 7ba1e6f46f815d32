"""What lies under a prefix of a bucket."""

from typing import NamedTuple
from urllib.parse import unquote
from xml.parsers import expat

from shared.storage.s3 import S3Storage


class ListedObject(NamedTuple):
    key: str
    etag: str
    size: int


class Listed(NamedTuple):
    """Objects by key, and whether that is all of them."""

    objects: list[ListedObject]
    whole: bool


async def list_objects(bucket: str, prefix: str, at_most: int) -> Listed:
    """Up to so many objects, and no folders. Raises StorageUnavailable, ConfigurationError."""
    storage = S3Storage(bucket)
    found: list[ListedObject] = []
    after, more = "", True
    while more and len(found) <= at_most:
        page = _Page(await storage.list_page(prefix, after))
        found += [listed for listed in page.objects if not listed.key.endswith("/")]
        more = page.more and bool(page.objects)
        after = page.objects[-1].key if page.objects else ""
    return Listed(found[:at_most], whole=not more and len(found) <= at_most)


class _Page:
    """Reads one answer of ListObjectsV2."""

    def __init__(self, answer: bytes) -> None:
        self.objects: list[ListedObject] = []
        self.more = False
        self._path: list[str] = []
        self._text: list[str] = []
        self._fields: dict[str, str] = {}
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.Parse(answer, True)

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        self._text.clear()

    def _end(self, _name: str) -> None:
        text = "".join(self._text)
        match self._path:
            case [_, "Contents", field]:
                self._fields[field] = text
            case [_, "Contents"]:
                fields = self._fields
                key = unquote(fields["Key"])
                self.objects.append(ListedObject(key, fields["ETag"], int(fields["Size"])))
            case [_, "IsTruncated"]:
                self.more = text == "true"
            case _:
                pass
        self._path.pop()
        self._text.clear()
