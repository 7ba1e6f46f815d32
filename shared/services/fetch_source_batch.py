"""Fetch one batch of a source, without a database: what comes of it is left in the bucket."""

import asyncio
import hashlib
import mimetypes
import time
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from shared.domain.correlation import is_correlation_id
from shared.domain.fetches import BatchOutcome, FetchRequest, ItemOutcome, ItemToFetch
from shared.domain.sources import SourceKind
from shared.errors import Conflict, FetchFailed, InvalidRequest, ObjectNotFound, StorageUnavailable
from shared.fetching.crawler import Crawler
from shared.fetching.http_fetcher import Fetched, FetchLimits, Validators
from shared.fetching.pacing import OutOfTime
from shared.fetching.problems import FetchProblem
from shared.services.list_source import list_source, problem_of, seconds_between
from shared.storage.protocol import ObjectStorage
from shared.storage.s3 import S3Storage

_AT_ONCE = 8
_UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}
_BOM = b"\xef\xbb\xbf"


async def fetch_source_batch(
    crawler: Crawler, storage: ObjectStorage, request: FetchRequest, *, deadline: float
) -> None:
    """Fetch the listing or the items, and store the batch's outcome last.

    What has no time before `deadline`, of the monotonic clock, is left. Raises StorageUnavailable.
    """
    listing = None
    if request.listing is not None:
        listing = await list_source(crawler, request, until=deadline)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def fetch(place: int, item: ItemToFetch) -> ItemOutcome:
        async with turns:
            return await _fetch_item(crawler, storage, request, place, item, deadline)

    items = await asyncio.gather(*(fetch(place, item) for place, item in enumerate(request.items)))
    known = request.correlation_id if is_correlation_id(request.correlation_id) else None
    outcome = BatchOutcome(
        collection_id=request.collection_id,
        source_id=request.source_id,
        run=request.run,
        batch=request.batch,
        listing=listing,
        items=items,
        correlation_id=known,
    )
    text = outcome.model_dump_json(exclude_defaults=True)
    await storage.put(request.outcome_key, text.encode(), "application/json")


async def _fetch_item(
    crawler: Crawler,
    storage: ObjectStorage,
    request: FetchRequest,
    place: int,
    item: ItemToFetch,
    deadline: float,
) -> ItemOutcome:
    try:
        found = await _fetch(crawler, request, item, deadline)
    except OutOfTime:
        return ItemOutcome(key=item.key, state="left")
    except FetchFailed as error:
        return ItemOutcome(key=item.key, state="failed", problem=problem_of(error))
    etag, last_modified = found.validators.etag, found.validators.last_modified
    if found.body is None:
        return ItemOutcome(key=item.key, state="not_modified", etag=etag, last_modified=last_modified)
    digest = hashlib.sha256(found.body).hexdigest()
    outcome = ItemOutcome(
        key=item.key,
        state="same",
        url=found.url,
        etag=etag,
        last_modified=last_modified,
        content_hash=digest,
    )
    if digest == item.content_hash:
        return outcome
    file = f"{request.folder}/{place}"
    await storage.put(file, _in_utf8(found), "application/octet-stream")
    return outcome.model_copy(update={"state": "fetched", "file": file, "name": file_name(found)})


async def _fetch(crawler: Crawler, request: FetchRequest, item: ItemToFetch, deadline: float) -> Fetched:
    if time.monotonic() > deadline:
        raise OutOfTime
    if request.kind is SourceKind.S3_PREFIX:
        return await _fetch_object(item.url)
    validators = Validators(item.etag, item.last_modified)
    return await crawler.fetch(item.url, validators, seconds_between=seconds_between(request), until=deadline)


async def _fetch_object(address: str) -> Fetched:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    storage = S3Storage(bucket)
    try:
        found = await storage.head(key)
        if found is None:
            raise FetchFailed(FetchProblem.REFUSED_BY_SERVER, "The object is gone.")
        if found.size > FetchLimits().file_bytes:
            raise FetchFailed(FetchProblem.TOO_LARGE, "The object is larger than may be fetched.")
        body = await storage.get(key)
    except (StorageUnavailable, ObjectNotFound, InvalidRequest, Conflict) as error:
        raise FetchFailed(FetchProblem.REFUSED_BY_SERVER, error.message) from error
    return Fetched(address, body, found.content_type, Validators(found.etag))


def file_name(found: Fetched) -> str:
    """The last part of its address, with an ending that tells its type where the address has none."""
    path = PurePosixPath(unquote(urlsplit(found.url).path))
    ending = mimetypes.guess_extension(_typed(found.content_type).get_content_type()) or ""
    known = path.suffix and mimetypes.guess_type(path.name)[0]
    return path.name if known or not ending else f"{path.name or 'index'}{ending}"


def _in_utf8(found: Fetched) -> bytes:
    """A text whose encoding only its Content-Type tells, in UTF-8 with a mark; all else as it is."""
    body = found.body or b""
    typed = _typed(found.content_type)
    charset = typed.get_content_charset()
    if charset is None or charset in _UTF8 or typed.get_content_maintype() != "text":
        return body
    try:
        return _BOM + body.decode(charset).encode()
    except (LookupError, UnicodeError):
        return body


def _typed(content_type: str) -> Message:
    message = Message()
    message["content-type"] = content_type.replace("\n", " ").replace("\r", " ")
    return message
