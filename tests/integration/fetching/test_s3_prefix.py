"""Prefixes of buckets: listed page after page, and fetched by what has another ETag."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from shared.domain.fetches import BatchOutcome, FetchRequest, ItemToFetch
from shared.domain.sources import SourceKind, SourceSettings
from shared.fetching.connecting import CheckedNetwork
from shared.fetching.crawler import Crawler
from shared.services.fetch_source_batch import fetch_source_batch
from shared.storage.folder import FolderStorage
from shared.storage.s3_listing import list_objects
from tests.builders.storage import s3_bucket


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_bucket() as name:
        client = boto3.client("s3", region_name="us-east-1")
        for number in range(1_005):
            client.put_object(Bucket=name, Key=f"many/{number:04}.txt", Body=b"text")
        client.put_object(Bucket=name, Key="few/a b+ü.txt", Body=b"A text.")
        client.put_object(Bucket=name, Key="few/folder/", Body=b"")
        client.put_object(Bucket=name, Key="large", Body=b"x" * 50_000_001)
        client.close()
        yield name


async def fetch(folder: Path, request: FetchRequest) -> BatchOutcome:
    crawler = Crawler(CheckedNetwork(allow_private=False))
    storage = FolderStorage(folder)
    await fetch_source_batch(crawler, storage, request, deadline=time.monotonic() + 60)
    await crawler.aclose()
    return BatchOutcome.model_validate(json.loads(await storage.get(request.outcome_key)))


def request_for(url: str, *items: ItemToFetch, **settings: object) -> FetchRequest:
    return FetchRequest(
        collection_id=1,
        source_id="s3",
        run=1,
        batch=1,
        kind=SourceKind.S3_PREFIX,
        settings=SourceSettings.model_validate(settings),
        listing=None if items else ItemToFetch(key=url, url=url),
        items=list(items),
    )


async def test_a_prefix_is_listed_whole_or_says_that_it_is_not(bucket: str) -> None:
    whole = await list_objects(bucket, "many/", 2_000)
    assert (len(whole.objects), whole.whole) == (1_005, True)
    cut = await list_objects(bucket, "many/", 1_000)
    assert (len(cut.objects), cut.whole) == (1_000, False)
    (only,) = (await list_objects(bucket, "few/", 10)).objects
    assert (only.key, only.size) == ("few/a b+ü.txt", 7)
    assert await list_objects(bucket, "none/", 10) == ([], True)


async def test_objects_are_listed_with_their_versions_and_fetched(bucket: str, tmp_path: Path) -> None:
    listing = (await fetch(tmp_path, request_for(f"s3://{bucket}/few/"))).listing
    assert listing is not None
    (item,) = listing.items or []
    assert (item.url, listing.complete) == (f"s3://{bucket}/few/a b+ü.txt", True)
    wanted = ItemToFetch(key=item.key, url=item.url)
    (fetched,) = (await fetch(tmp_path, request_for("", wanted))).items
    assert (fetched.state, fetched.etag, fetched.name) == ("fetched", item.version, "a b+ü.txt")
    large = ItemToFetch(key="large", url=f"s3://{bucket}/large")
    (refused,) = (await fetch(tmp_path, request_for("", large))).items
    assert (refused.state, refused.problem and refused.problem.code) == ("failed", "too_large")
    gone = ItemToFetch(key="gone", url=f"s3://{bucket}/few/gone")
    (failed,) = (await fetch(tmp_path, request_for("", gone))).items
    assert (failed.state, failed.problem and failed.problem.message) == ("failed", "The object is gone.")


async def test_a_bucket_that_is_not_there_is_a_problem_of_the_listing(bucket: str, tmp_path: Path) -> None:
    listing = (await fetch(tmp_path, request_for(f"s3://not-{bucket}/x"))).listing
    assert listing is not None
    assert listing.problem is not None
    assert (listing.problem.code, listing.complete) == ("storage_unavailable", False)


async def test_an_object_that_cannot_be_had_fails_alone(bucket: str, tmp_path: Path) -> None:
    items = [ItemToFetch(key=name, url=f"s3://{name}/few/a b+ü.txt") for name in (bucket, f"not-{bucket}")]
    # A key that no file of ours has.
    items.append(ItemToFetch(key="odd", url=f"s3://{bucket}/few//a"))
    outcome = await fetch(tmp_path, request_for("", *items))
    assert [item.state for item in outcome.items] == ["fetched", "failed", "failed"]
