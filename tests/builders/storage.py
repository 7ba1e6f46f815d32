"""Storages of objects: a folder, and a bucket of S3 as moto serves it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from tests.builders.sqs import moto_server


@contextmanager
def s3_bucket() -> Iterator[str]:
    """The name of an empty bucket, on a server that the environment names while it runs."""
    with moto_server("AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_ENDPOINT_URL") as address:
        client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
        # All servers of a process share their buckets.
        bucket = f"imports-{uuid.uuid4()}"
        client.create_bucket(Bucket=bucket)
        client.close()
        yield bucket
