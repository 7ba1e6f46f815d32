"""AWS as moto serves it on this machine, with a record of what was called, in the terms of IAM.

Beside it an OpenAI-compatible endpoint, whose calls need no permission.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

# The permission that a call needs, where IAM calls it otherwise than the API does.
_PERMISSIONS = {"sqs:SendMessageBatch": "sqs:SendMessage", "sqs:DeleteMessageBatch": "sqs:DeleteMessage"}
_OBJECT_PERMISSIONS = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "POST": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
}
_SERVICES = {"AmazonSQS": "sqs", "secretsmanager": "secretsmanager"}


class RecordedAws:
    """`calls` holds permission and resource of each call since the last `forget`."""

    def __init__(self) -> None:
        self.calls: set[tuple[str, str]] = set()
        # Numbers in the vectors that its models answer with.
        self.dimensions = 1
        self._moto = DomainDispatcherApplication(create_backend_app)

    def forget(self) -> None:
        self.calls = set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path = unquote(environ["PATH_INFO"])
        if path.startswith("/model/"):
            # moto has no models: the shape of Titan's answer.
            self.calls.add(("bedrock:InvokeModel", path.split("/")[2]))
            start_response("200 OK", [("content-type", "application/json")])
            return [json.dumps({"embedding": [0.1] * self.dimensions, "inputTextTokenCount": 1}).encode()]
        if path.endswith("/embeddings"):
            texts = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))["input"]
            vectors = [{"index": i, "embedding": [0.1] * self.dimensions} for i in range(len(texts))]
            start_response("200 OK", [("content-type", "application/json")])
            return [json.dumps({"data": vectors}).encode()]
        if "X-Amz-Signature=" in environ.get("QUERY_STRING", ""):
            # Objects of S3, by the first part of their keys.
            bucket, folder = path.split("/")[1:3]
            self.calls.add((_OBJECT_PERMISSIONS[environ["REQUEST_METHOD"]], f"{bucket}/{folder}/*"))
        service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if service in _SERVICES:
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = _Again(body)
            called = json.loads(body)
            permission = f"{_SERVICES[service]}:{action}"
            resource = called.get("QueueUrl", "").rpartition("/")[2] or called.get("SecretId", "")
            self.calls.add((_PERMISSIONS.get(permission, permission), resource))
        return self._moto(environ, start_response)


class _Again:
    """A body that was read already, for whom it was sent to."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        taken = self._body if size < 0 else self._body[:size]
        self._body = self._body[len(taken) :]
        return taken


@contextmanager
def recorded_aws() -> Iterator[tuple[RecordedAws, str]]:
    """The record and the server's URL."""
    record = RecordedAws()
    server = make_server("127.0.0.1", 0, record, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield record, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
