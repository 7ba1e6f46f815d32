"""One GET at a time: checked, bounded in size, time and redirects, and only when something has changed."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpcore

from shared.domain.web_addresses import canonical_url
from shared.errors import FetchFailed
from shared.fetching.bodies import read_body
from shared.fetching.connecting import CheckedNetwork
from shared.fetching.problems import FetchProblem

USER_AGENT = "concord"
MOST_REDIRECTS = 5
_NOT_MODIFIED = 304
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR, _UNAVAILABLE = 500, 503
_LATER = "; it is tried again later"
_LONGEST_VALIDATOR = 500
# Who asks to be left alone for longer is asked again after this.
_LONGEST_RETRY_SECONDS = 86_400.0
_PAGE_TYPES = ("text/", "application/xhtml", "application/xml", "application/rss", "application/atom")

# Called before each request, also that of a redirect; may wait, and refuses by raising FetchFailed.
type Permit = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Of one request: bytes of its unpacked body, and seconds from connecting to its last byte."""

    page_bytes: int = 10_000_000
    file_bytes: int = 50_000_000
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a server tells whether something has changed since."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> list[tuple[str, str]]:
        named = (("if-none-match", self.etag), ("if-modified-since", self.last_modified))
        return [(name, value) for name, value in named if value]


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `body` is None where nothing has changed; `url` is where redirects have led to."""

    url: str
    body: bytes | None
    content_type: str
    validators: Validators


class HttpFetcher:
    """Keeps connections open between calls; any number of tasks may fetch at once."""

    def __init__(
        self, network: CheckedNetwork, limits: FetchLimits | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """`tls` trusts others than the usual authorities; names are checked either way."""
        self._limits = limits or FetchLimits()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=16,
            max_keepalive_connections=16,
            keepalive_expiry=15.0,
            network_backend=network,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()

    async def fetch(
        self, url: str, permit: Permit, validators: Validators | None = None, *, at_most: int | None = None
    ) -> Fetched:
        """`at_most` bounds the body by itself, whatever its type. Raises FetchFailed."""
        conditions = (validators or Validators()).headers()
        for _ in range(MOST_REDIRECTS + 1):
            await permit(url)
            answer = await self._bounded(url, conditions, at_most)
            if isinstance(answer, Fetched):
                return answer
            url = answer
        raise FetchFailed(
            FetchProblem.TOO_MANY_REDIRECTS,
            f"More than {MOST_REDIRECTS} redirects; give the address that they lead to.",
        )

    async def _bounded(
        self, url: str, conditions: list[tuple[str, str]], at_most: int | None
    ) -> Fetched | str:
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._get(url, conditions, at_most)
        except (TimeoutError, httpcore.TimeoutException):
            message = f"There was no whole answer within {self._limits.seconds:g} seconds{_LATER}."
            raise FetchFailed(FetchProblem.TOO_SLOW, message) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise _unreachable(error) from None

    async def _get(self, url: str, conditions: list[tuple[str, str]], at_most: int | None) -> Fetched | str:
        """The answer, or the address that it leads to."""
        headers = [("user-agent", USER_AGENT), ("accept-encoding", "gzip"), *conditions]
        sent = [("host", urlsplit(url).netloc), *headers]
        async with self._pool.stream("GET", url, headers=sent) as response:
            found = {
                name.decode("latin-1").lower(): text.decode("latin-1") for name, text in response.headers
            }
            if response.status in _REDIRECTS and "location" in found:
                return _followed(url, found["location"])
            validators = Validators(_short(found.get("etag")), _short(found.get("last-modified")))
            content_type = found.get("content-type", "")[:200]
            if response.status == _NOT_MODIFIED and conditions:
                return Fetched(url, None, content_type, validators)
            if response.status // 100 != 2:  # noqa: PLR2004 - all that say it went well
                raise _refused(response.status, found)
            bound = self._limits.file_bytes if at_most is None else at_most
            if at_most is None and content_type.lower().startswith(_PAGE_TYPES):
                bound = self._limits.page_bytes
            encoding = found.get("content-encoding", "").strip().lower()
            body = await read_body(response.aiter_stream(), encoding, at_most=bound)
            return Fetched(url, body, content_type, validators)


def _followed(url: str, location: str) -> str:
    try:
        return canonical_url(urljoin(url, location))
    except ValueError as error:
        raise FetchFailed(
            FetchProblem.REFUSED_ADDRESS, f"A redirect leads to what is not fetched: {error}."
        ) from None


def _short(validator: str | None) -> str | None:
    return validator if validator and len(validator) <= _LONGEST_VALIDATOR else None


def _refused(status: int, headers: Mapping[str, str]) -> FetchFailed:
    pause = 0.0
    again = status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR
    if status in {_TOO_MANY_REQUESTS, _UNAVAILABLE}:
        asked = headers.get("retry-after", "")
        pause = min(float(asked), _LONGEST_RETRY_SECONDS) if asked.isdecimal() else 0.0
    return FetchFailed(
        FetchProblem.REFUSED_BY_SERVER,
        f"The server answered {status}{_LATER if again else '; look at the address'}.",
        answered_status=status,
        retry_after_seconds=pause,
    )


def _unreachable(error: Exception) -> FetchFailed:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        message = "The server's certificate is not one for this name by an authority that is trusted."
        return FetchFailed(FetchProblem.UNREACHABLE, message)
    does = "does not answer" if isinstance(error, httpcore.NetworkError) else "breaks off, or speaks no HTTP"
    return FetchFailed(FetchProblem.UNREACHABLE, f"The server {does} ({type(error).__name__}){_LATER}.")
