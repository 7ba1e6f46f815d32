"""What a source has: the entries of a feed, the addresses of a sitemap, the objects of a prefix."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlsplit

from shared.domain.fetches import FetchRequest, ListedItem, ListingOutcome, Problem
from shared.domain.sources import MOST_ITEMS, SourceKind
from shared.domain.web_addresses import MAX_CHARACTERS
from shared.errors import FetchFailed, StorageUnavailable
from shared.fetching.crawler import Crawler
from shared.fetching.feeds import read_feed
from shared.fetching.http_fetcher import Fetched, Validators
from shared.fetching.pacing import OutOfTime
from shared.fetching.sitemaps import read_sitemap
from shared.storage.s3_listing import list_objects

MOST_SITEMAPS = 500
_DEEPEST_INDEX = 3
_OUT_OF_TIME = Problem(code="out_of_time", message="The host's next turn comes too late.")


class _Addresses(NamedTuple):
    """What a sitemap and those that it names list, and whether that is all."""

    addresses: list[str]
    complete: bool
    is_index: bool


async def list_source(crawler: Crawler, request: FetchRequest, *, until: float) -> ListingOutcome:
    """What is there now, or that it is what was there before; a problem is told as an outcome too."""
    try:
        match request.kind:
            case SourceKind.FEED:
                return await _list_feed(crawler, request, until)
            case SourceKind.SITEMAP:
                return await _list_sitemap(crawler, request, until)
            case _:
                return await _list_objects(request)
    except FetchFailed as error:
        return ListingOutcome(complete=False, problem=problem_of(error))
    except OutOfTime:
        return ListingOutcome(complete=False, problem=_OUT_OF_TIME)


def problem_of(error: FetchFailed) -> Problem:
    return Problem(code=error.problem, message=error.message, retry_after_seconds=error.retry_after_seconds)


async def _list_feed(crawler: Crawler, request: FetchRequest, until: float) -> ListingOutcome:
    found = await _fetch_listing(crawler, request, until)
    if isinstance(found, ListingOutcome):
        return found
    fetched, body = found
    with_content = request.settings.content == "entry"
    feed = await asyncio.to_thread(
        read_feed, body, fetched.url, fetched.content_type, with_content=with_content
    )
    items, cut = _taken(feed.items, request)
    return _listed(items, fetched, body, complete=feed.whole and not cut)


async def _list_sitemap(crawler: Crawler, request: FetchRequest, until: float) -> ListingOutcome:
    found = await _fetch_listing(crawler, request, until)
    if isinstance(found, ListingOutcome):
        return found
    fetched, body = found
    read = await _read_sitemaps(crawler, request, fetched, body, until)
    host = urlsplit(fetched.url).netloc
    # A site speaks for itself; who wants others' pages says so.
    addresses = [
        address for address in read.addresses if request.settings.include or urlsplit(address).netloc == host
    ]
    items, cut = _taken((ListedItem(key=address, url=address) for address in addresses), request)
    outcome = _listed(items, fetched, body, complete=read.complete and not cut)
    # An index may be as it was while the sitemaps that it names are not.
    unconditional = {"etag": None, "last_modified": None, "content_hash": None}
    return outcome.model_copy(update=unconditional) if read.is_index else outcome


async def _read_sitemaps(
    crawler: Crawler, request: FetchRequest, fetched: Fetched, body: bytes, until: float
) -> _Addresses:
    root = await asyncio.to_thread(read_sitemap, body, fetched.url)
    if not root.is_index:
        return _Addresses(root.addresses, complete=True, is_index=False)
    found: dict[str, None] = {}
    complete = True
    seen = set(root.addresses)
    waiting = deque((address, 1) for address in root.addresses)
    read = 0
    while waiting and read < MOST_SITEMAPS and len(found) <= request.settings.max_pages:
        address, depth = waiting.popleft()
        read += 1
        try:
            child = await crawler.fetch(address, seconds_between=seconds_between(request), until=until)
            sitemap = await asyncio.to_thread(read_sitemap, child.body or b"", child.url)
        except FetchFailed:
            complete = False
            continue
        if not sitemap.is_index:
            found.update(dict.fromkeys(sitemap.addresses))
        elif depth < _DEEPEST_INDEX:
            deeper = [name for name in sitemap.addresses if name not in seen]
            seen.update(deeper)
            waiting.extend((name, depth + 1) for name in deeper)
        else:
            complete = False
    return _Addresses(list(found), complete=complete and not waiting, is_index=True)


async def _list_objects(request: FetchRequest) -> ListingOutcome:
    """An object's ETag is its version: what has the one that is known is not asked for at all."""
    bucket, _, prefix = (request.listing.url if request.listing else "").removeprefix("s3://").partition("/")
    try:
        listed = await list_objects(bucket, prefix, MOST_ITEMS)
    except StorageUnavailable as error:
        return ListingOutcome(complete=False, problem=Problem(code=error.code, message=error.message))
    addresses = [(f"s3://{bucket}/{found.key}", found.etag) for found in listed.objects]
    objects = [
        ListedItem(key=address, url=address, version=etag)
        for address, etag in addresses
        if len(address) <= MAX_CHARACTERS
    ]
    items, cut = _taken(objects, request)
    return ListingOutcome(items=items, complete=listed.whole and not cut)


async def _fetch_listing(
    crawler: Crawler, request: FetchRequest, until: float
) -> ListingOutcome | tuple[Fetched, bytes]:
    """The listing, or the outcome that it is the one that is known."""
    known = request.listing
    validators = Validators(known.etag, known.last_modified) if known else None
    fetched = await crawler.fetch(
        known.url if known else "", validators, seconds_between=seconds_between(request), until=until
    )
    if fetched.body is None:
        return ListingOutcome(
            etag=fetched.validators.etag,
            last_modified=fetched.validators.last_modified,
            content_hash=known.content_hash if known else None,
        )
    if known and known.content_hash == _hash(fetched.body):
        return _listed(None, fetched, fetched.body, complete=True)
    return fetched, fetched.body


def seconds_between(request: FetchRequest) -> float:
    return 1 / request.settings.requests_per_second


def _listed(
    items: Sequence[ListedItem] | None, fetched: Fetched, body: bytes, *, complete: bool
) -> ListingOutcome:
    """An incomplete listing is not to be taken for known the next time."""
    return ListingOutcome(
        items=None if items is None else list(items),
        complete=complete,
        etag=fetched.validators.etag if complete else None,
        last_modified=fetched.validators.last_modified if complete else None,
        content_hash=_hash(body) if complete else None,
    )


def _taken(items: Iterable[ListedItem], request: FetchRequest) -> tuple[list[ListedItem], bool]:
    """Those that the settings take, and whether there were more of them than may be."""
    settings = request.settings
    taken = list(islice((item for item in items if settings.takes(item.url)), settings.max_pages + 1))
    return taken[: settings.max_pages], len(taken) > settings.max_pages


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
