"""Storages of objects: a folder, and a bucket of S3 as moto serves it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.builders.sqs import ENVIRONMENT


@contextmanager
def s3_bucket() -> Iterator[str]:
    """The name of an empty bucket, on a server that the environment names while it runs."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL_S3": address}.items():
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
        # All servers of a process share their buckets.
        bucket = f"imports-{uuid.uuid4()}"
        client.create_bucket(Bucket=bucket)
        client.close()
        yield bucket
    server.stop()
