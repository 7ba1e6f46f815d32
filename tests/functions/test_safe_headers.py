"""What browsers are told with every answer, and which of them may read it."""

import base64
import hashlib
import re

import httpx
import pytest

from shared.config import ConfigurationError
from shared.local.function_list import list_functions
from shared.local.host import compose
from tests.builders.events import http_event
from tests.builders.functions import IN_PRODUCTION, SAFE_HEADERS, Functions

OURS = "https://app.example.com"
PREFLIGHT = {"access-control-request-method": "PUT", "access-control-request-headers": "if-match"}


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (http_event("POST", "/v1/collections", {"name": "guides"}), 201),
        (http_event("POST", "/v1/collections", "{"), 400),
        (http_event("POST", "/nowhere"), 404),
        (http_event("DELETE", "/v1/collections"), 405),
        (http_event("POST", "/v1/collections", {"name": ""}), 422),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_every_answer_has_the_safe_headers(
    functions: Functions, event: dict[str, object], status: int
) -> None:
    answer = functions("collections_create", event, raw=True)
    assert answer["statusCode"] == status
    assert SAFE_HEADERS.items() <= answer["headers"].items()
    assert "strict-transport-security" not in answer["headers"]


def test_production_is_to_be_spoken_to_in_https(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    answer = functions("collections_create", http_event("POST", "/v1/collections", {}), raw=True)
    assert answer["statusCode"] == 401
    assert IN_PRODUCTION.items() <= answer["headers"].items()


def test_what_nobody_foresaw_is_answered_without_its_cause(functions: Functions) -> None:
    """The database of this function breaks in a way that no code names."""
    event = http_event("POST", "/v1/collections", {"name": "guides"})
    answer = functions("collections_create", event, replace={"database": object()}, raw=True)
    assert answer["statusCode"] == 500
    assert SAFE_HEADERS.items() <= answer["headers"].items()
    assert not re.search(r"Traceback|object|\.py|Error", answer["body"]), answer["body"]


def test_a_listed_origin_may_send_and_read_what_the_api_has(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", OURS)
    preflight = functions(
        "collections_create", http_event("OPTIONS", "/v1/collections", headers={"origin": OURS, **PREFLIGHT})
    )
    assert preflight["statusCode"] == 200
    assert preflight["headers"]["access-control-allow-origin"] == OURS
    answer = functions(
        "collections_create", http_event("POST", "/v1/collections", {}, headers={"origin": OURS})
    )
    exposed = set(answer["headers"]["access-control-expose-headers"].split(", "))
    assert {"etag", "idempotency-replayed", "retry-after", "x-cache", "x-request-id"} <= exposed
    assert "access-control-allow-credentials" not in answer["headers"]
    assert answer["headers"]["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://xapp.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "null",
        "*",
        "",
    ],
)
def test_another_origin_gets_none_of_the_headers(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", OURS)
    headers = {"origin": origin}
    for event in (
        http_event("OPTIONS", "/v1/collections", headers={**headers, **PREFLIGHT}),
        http_event("POST", "/v1/collections", {}, headers=headers),
    ):
        answer = functions("collections_create", event, raw=True)
        assert answer["statusCode"] in {405, 422}
        assert [name for name in answer["headers"] if name.startswith("access-control-")] == []


@pytest.mark.parametrize(
    "listed", ["*", "https://*.example.com", "app.example.com", "https://app.example.com/"]
)
def test_origins_are_exact(monkeypatch: pytest.MonkeyPatch, listed: str) -> None:
    monkeypatch.setenv("CORS_ORIGINS", listed)
    with pytest.raises(ConfigurationError, match="CORS_ORIGINS"):
        compose([])


async def test_the_page_of_the_description_may_run_its_own_script_alone() -> None:
    transport = httpx.ASGITransport(compose(list_functions()))
    async with httpx.AsyncClient(transport=transport, base_url="http://concord") as client:
        page = await client.get("/docs")
    policy = page.headers["content-security-policy"]
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert sources
    assert all(source.startswith(("https://cdn.jsdelivr.net/", "data:")) for source in sources)
