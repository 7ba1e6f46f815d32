"""Whom a laptop answers: its own names and the listed ones, not whatever leads to it."""

import httpx
import pytest
from starlette.responses import PlainTextResponse

from shared.config import load_settings
from shared.local.known_hosts import HostSettings, KnownHosts


async def status(host: str, *, server: str = "http://127.0.0.1:8000") -> int:
    application = KnownHosts(PlainTextResponse("here"), load_settings(HostSettings))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url=server, headers={"host": host}) as client:
        return (await client.get("/")).status_code


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "LOCALHOST:80", "localhost.", "127.0.0.1:8000", "[::1]:8000", "[::1]"],
)
@pytest.mark.parametrize("server", ["http://127.0.0.1:8000", "http://[::1]:8000"])
async def test_its_own_names_and_addresses(host: str, server: str) -> None:
    assert await status(host, server=server) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", ""]
)
@pytest.mark.parametrize(
    "server", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://127.0.0.2", "http://[::ffff:127.0.0.1]"]
)
async def test_no_other_names(host: str, server: str) -> None:
    assert await status(host, server=server) == 421


async def test_listed_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "search.test, Notes.test")
    answered = [await status(host) for host in ("search.test", "notes.test:8000", "localhost", "a.test")]
    assert answered == [200, 200, 200, 421]


async def test_what_comes_from_elsewhere_than_this_machine_has_no_such_rule() -> None:
    assert await status("search.example", server="http://192.0.2.1:8000") == 200
    assert await status("search.example", server="http://concord") == 200


async def test_a_refusal_says_what_to_do_and_runs_nowhere() -> None:
    application = KnownHosts(PlainTextResponse("here"), HostSettings())
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        refused = await client.get("/v1/collections", headers={"host": "evil.example"})
    assert refused.json()["error"] == {
        "code": "unknown_host",
        "message": "This machine is not called so: use localhost, set ALLOWED_HOSTS, or set ADMIN_KEY_HASH"
        " and use keys.",
        "type": "invalid_request",
        "details": [],
    }
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert refused.headers["cache-control"] == "no-store"
