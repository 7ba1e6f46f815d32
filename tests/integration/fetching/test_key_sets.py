"""Keys from an issuer's site: where they are, and what is refused."""

from collections.abc import Iterator

import pytest

from shared.domain.signing_keys import MOST_BYTES, MOST_KEYS
from shared.errors import FetchFailed
from shared.fetching.connecting import CheckedNetwork
from shared.fetching.http_fetcher import HttpFetcher
from shared.fetching.key_sets import KeySets
from tests.builders.issuer import Key, as_json, publish
from tests.builders.web_site import Page, WebSite, open_web_site

KEY = Key("one").public()


@pytest.fixture
def site() -> Iterator[WebSite]:
    with open_web_site() as opened:
        yield opened


async def fetched(issuer: str, url: str | None = None, *, allow_http: bool = True) -> list[dict[str, object]]:
    key_sets = KeySets(HttpFetcher(CheckedNetwork(allow_private=True)), allow_http=allow_http)
    try:
        return await key_sets.fetch(issuer, url)
    finally:
        await key_sets.aclose()


async def test_the_issuer_says_where_its_keys_are(site: WebSite) -> None:
    assert await fetched(publish(site, KEY)) == [KEY]
    assert site.paths() == ["/.well-known/openid-configuration", "/keys"]


async def test_an_address_that_is_given_is_asked_at_once(site: WebSite) -> None:
    publish(site, KEY, issuer="https://elsewhere.example.com/")
    assert await fetched("https://elsewhere.example.com/", f"{site.url}/keys") == [KEY]
    assert site.paths() == ["/keys"]


async def test_an_issuer_with_a_path_and_a_slash(site: WebSite) -> None:
    issuer = f"{site.url}/realms/concord/"
    publish(site, KEY)
    site.pages["/realms/concord/.well-known/openid-configuration"] = as_json(
        {"issuer": issuer, "jwks_uri": f"{site.url}/keys"}
    )
    assert await fetched(issuer) == [KEY]


async def test_another_issuers_document_is_refused(site: WebSite) -> None:
    publish(site, KEY, issuer="https://evil.example.com")
    with pytest.raises(FetchFailed, match="another issuer's than JWT_ISSUER"):
        await fetched(site.url)


@pytest.mark.parametrize("document", [[], {}, {"jwks_uri": "https://a.example.com"}, {"issuer": 7}])
async def test_a_document_that_says_nothing_is_refused(site: WebSite, document: object) -> None:
    site.pages["*"] = as_json(document)
    with pytest.raises(FetchFailed, match="set JWT_JWKS_URL"):
        await fetched(site.url)


@pytest.mark.parametrize("document", [[], {}, {"keys": 1}, {"keys": [1]}, {"keys": [{}] * (MOST_KEYS + 1)}])
async def test_what_is_no_set_of_keys_is_refused(site: WebSite, document: object) -> None:
    site.pages["/keys"] = as_json(document)
    with pytest.raises(FetchFailed, match="no set of up to 100 keys"):
        await fetched(site.url, f"{site.url}/keys")


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 50_000])
async def test_what_is_no_json_is_refused(site: WebSite, body: bytes) -> None:
    site.pages["/keys"] = Page(body)
    with pytest.raises(FetchFailed, match="no JSON"):
        await fetched(site.url, f"{site.url}/keys")


async def test_no_more_is_read_than_a_set_of_keys_has(site: WebSite) -> None:
    site.pages["/keys"] = Page(b" " * (MOST_BYTES + 1))
    with pytest.raises(FetchFailed, match="larger than may be fetched"):
        await fetched(site.url, f"{site.url}/keys")


async def test_keys_come_over_connections_that_nobody_changes(site: WebSite) -> None:
    with pytest.raises(FetchFailed, match="https addresses alone"):
        await fetched(publish(site, KEY), allow_http=False)
    assert site.asked == []
