"""An issuer's public keys, from where it says that they are."""

import json
from typing import Any

from shared.domain.signing_keys import MOST_BYTES, MOST_KEYS
from shared.errors import FetchFailed
from shared.fetching.http_fetcher import HttpFetcher
from shared.fetching.problems import FetchProblem

_DISCOVERY = "/.well-known/openid-configuration"


class KeySets:
    """`allow_http` takes keys over connections that others can change, for tests and private networks."""

    def __init__(self, fetcher: HttpFetcher, *, allow_http: bool) -> None:
        self._fetcher = fetcher
        self._allow_http = allow_http

    async def fetch(self, issuer: str, url: str | None) -> list[dict[str, Any]]:
        """The keys at the URL, else at the one that the issuer's discovery document names.

        Raises FetchFailed, also for what is no set of keys.
        """
        document = await self._document(url or await self._discover(issuer))
        match document:
            case {"keys": list(keys)} if len(keys) <= MOST_KEYS and all(
                isinstance(key, dict) for key in keys
            ):
                return keys
            case _:
                raise _unreadable(f"What is there is no set of up to {MOST_KEYS} keys.")

    async def aclose(self) -> None:
        await self._fetcher.aclose()

    async def _discover(self, issuer: str) -> str:
        document = await self._document(f"{issuer.rstrip('/')}{_DISCOVERY}")
        match document:
            case {"issuer": str(named), "jwks_uri": str(url)} if named == issuer:
                return url
            case {"issuer": str(named)} if named != issuer:
                raise _unreadable("The discovery document is another issuer's than JWT_ISSUER.")
            case _:
                raise _unreadable("The discovery document does not say where the keys are; set JWT_JWKS_URL.")

    async def _document(self, url: str) -> object:
        fetched = await self._fetcher.fetch(url, self._permit, at_most=MOST_BYTES)
        try:
            document: object = json.loads(fetched.body or b"")
        except (ValueError, RecursionError):
            raise _unreadable("What is there is no JSON.") from None
        return document

    async def _permit(self, url: str) -> None:
        """Also where redirects lead."""
        if not url.startswith("https://") and not self._allow_http:
            raise FetchFailed(FetchProblem.REFUSED_ADDRESS, "Keys are fetched from https addresses alone.")


def _unreadable(message: str) -> FetchFailed:
    return FetchFailed(FetchProblem.UNREADABLE_ANSWER, message)
