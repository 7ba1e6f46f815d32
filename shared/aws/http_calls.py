"""One HTTP request with the standard library: an SDK takes longer to import than AWS takes to answer."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit


class CallFailed(Exception):
    """Nobody answered, or not in HTTP."""


class HttpAnswer(NamedTuple):
    status: int
    body: bytes


def call(
    method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout_seconds: float
) -> HttpAnswer:
    """The answer, whatever its status. Blocks, each time it waits for the network at most for the timeout.

    Raises CallFailed.
    """
    import http.client  # noqa: PLC0415 - most functions start without a call of their own.

    address = urlsplit(url)
    connect = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = connect(address.hostname or "", address.port, timeout=timeout_seconds)
    try:
        target = address._replace(scheme="", netloc="", fragment="").geturl()
        connection.request(method, target or "/", body or None, dict(headers))
        response = connection.getresponse()
        return HttpAnswer(response.status, response.read())
    except (OSError, http.client.HTTPException) as error:
        raise CallFailed(type(error).__name__) from None
    finally:
        connection.close()
