"""One HTTP request with the standard library: an SDK takes longer to import than AWS takes to answer."""

import os
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit


class CallFailed(Exception):
    """Nobody answered, or not in HTTP."""


class HttpAnswer(NamedTuple):
    """`headers` have names in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def call(
    method: str, url: str, headers: Mapping[str, str], body: bytes | BinaryIO, *, timeout_seconds: float
) -> HttpAnswer:
    """The answer, whatever its status. A file is sent as it is read, from its beginning.

    Blocks, each time it waits for the network at most for the timeout.

    Raises CallFailed.
    """
    import http.client  # noqa: PLC0415 - most functions start without a call of their own.

    address = urlsplit(url)
    connect = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = connect(address.hostname or "", address.port, timeout=timeout_seconds)
    try:
        target = address._replace(scheme="", netloc="", fragment="").geturl()
        connection.request(method, target or "/", body or None, {**_length(body), **headers})
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return HttpAnswer(response.status, response.read(), received)
    except (OSError, http.client.HTTPException) as error:
        raise CallFailed(type(error).__name__) from None
    finally:
        connection.close()


def _length(body: bytes | BinaryIO) -> dict[str, str]:
    """A file's length, without which it is sent in pieces of unknown number. It is read from its start."""
    if isinstance(body, bytes):
        return {}
    length = body.seek(0, os.SEEK_END)
    body.seek(0)
    return {"content-length": str(length)}
