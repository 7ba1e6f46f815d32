"""Where nothing is fetched from, whatever leads there."""

import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from shared.domain.web_addresses import canonical_url
from shared.errors import FetchFailed
from shared.fetching.addresses import is_public
from shared.fetching.connecting import CheckedNetwork, resolve_host
from shared.fetching.crawler import Crawler
from shared.fetching.http_fetcher import FetchLimits
from shared.fetching.problems import FetchProblem
from tests.builders.certificates import Authority
from tests.builders.web_site import Page, WebSite, open_web_site


@pytest.fixture
def site() -> Iterator[WebSite]:
    with open_web_site() as opened:
        yield opened


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1",
        "::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1",
        "2002:808:808::1", "2001::1", "2001:db8::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
        "fec0::1", "ff02::1", "100::1", "no address", "",
    ],
)  # fmt: skip
def test_these_are_not_of_the_public_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_these_are(address: str) -> None:
    assert is_public(address)


async def refusal(network: CheckedNetwork, url: str, tls: ssl.SSLContext | None = None) -> FetchFailed:
    crawler = Crawler(network, FetchLimits(seconds=5.0), tls)
    with pytest.raises(FetchFailed) as raised:
        await crawler.fetch(url, seconds_between=0)
    await crawler.aclose()
    return raised.value


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/meta-data/",
        "http://8.8.8.8:22/", "https://8.8.8.8:8443/",
    ],
)  # fmt: skip
async def test_no_spelling_of_a_private_address_is_fetched(url: str) -> None:
    found = await refusal(CheckedNetwork(allow_private=False), url)
    assert found.problem == FetchProblem.REFUSED_ADDRESS


async def test_a_public_address_among_private_ones_does_not_help() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", "127.0.0.1"]

    network = CheckedNetwork(allow_private=False, resolve=resolve)
    assert (await refusal(network, "http://example.com/")).problem == FetchProblem.REFUSED_ADDRESS


async def test_a_name_that_has_another_address_the_second_time(site: WebSite) -> None:
    """What was looked at is connected to, and a new connection looks anew: the second answer is refused."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    asked = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    network = CheckedNetwork(allow_private=False, resolve=resolve)
    site.pages["*"] = Page(b"secret")
    first = await network._permitted("rebinding.example", 80)
    assert (list(first), asked) == (["93.184.216.34"], ["rebinding.example"])
    found = await refusal(network, "http://rebinding.example/")
    assert (found.problem, site.asked) == (FetchProblem.REFUSED_ADDRESS, [])


async def test_the_name_is_resolved_once_for_a_connection(site: WebSite) -> None:
    """Whoever changes the answer between the look and the connection finds the first still in use."""
    port = int(site.url.rpartition(":")[2])
    site.pages["*"] = Page(b"text")
    answers = iter([["127.0.0.1"]])

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    crawler = Crawler(CheckedNetwork(allow_private=True, resolve=resolve))
    found = await crawler.fetch(f"http://once.example:{port}/a", seconds_between=0)
    assert (found.body, site.asked[-1].headers["host"]) == (b"text", f"once.example:{port}")
    await crawler.aclose()


async def test_the_next_address_is_tried_when_one_does_not_answer(site: WebSite) -> None:
    port = int(site.url.rpartition(":")[2])
    site.pages["*"] = Page(b"text")

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.77", "127.0.0.1"]

    crawler = Crawler(CheckedNetwork(allow_private=True, resolve=resolve))
    assert (await crawler.fetch(f"http://two.example:{port}/a", seconds_between=0)).body == b"text"
    await crawler.aclose()


async def test_a_host_that_is_not_there() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    found = await refusal(CheckedNetwork(allow_private=False, resolve=resolve), "http://nowhere.invalid/")
    assert found.problem == FetchProblem.UNREACHABLE
    assert await resolve_host("127.0.0.1", 80) == ["127.0.0.1"]


async def test_certificates_are_checked_with_the_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    with open_web_site(authority.server("good.example")) as site:
        port = int(site.url.rpartition(":")[2])
        site.pages["*"] = Page(b"text")
        network = CheckedNetwork(allow_private=True, resolve=resolve)
        crawler = Crawler(network, tls=authority.client())
        found = await crawler.fetch(f"https://good.example:{port}/", seconds_between=0)
        assert found.body == b"text"
        await crawler.aclose()
        for tls, name in ((authority.client(), "bad.example"), (None, "good.example")):
            wrong = await refusal(network, f"https://{name}:{port}/", tls)
            assert (wrong.problem, "certificate" in wrong.message) == (FetchProblem.UNREACHABLE, True)
        assert len(site.paths()) == 1


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        (" HTTP://Example.COM:80#top ", "http://example.com/"),
        ("https://example.com:443/a b".replace(" ", "%20"), "https://example.com/a%20b"),
        ("https://bücher.example/straße?q=ü", "https://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%BC"),
        ("http://[2606:4700::1]:8080/x", "http://[2606:4700::1]:8080/x"),
    ],
)
def test_one_spelling_of_an_address(given: str, canonical: str) -> None:
    assert canonical_url(given) == canonical


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("ftp://example.com/", "only addresses of http and https"),
        ("javascript:alert(1)", "only addresses of http and https"),
        ("http:///path", "names a host"),
        ("http://u@example.com/", "a user or a password"),
        ("http://example.com/a b", "no spaces"),
        ("http://example.com/\r\nx: y", "no spaces"),
        ("http://example.com:99999/", "no address"),
        ("http://[::1", "no address"),
        (f"http://example.com/{'a' * 2_000}", "2000 characters"),
    ],
)
def test_what_is_no_address(given: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        canonical_url(given)
