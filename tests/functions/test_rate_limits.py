"""Who asks too often is told when to come back, and nobody else notices."""

import hashlib
from collections.abc import Iterator

import pytest
from fastapi import Request

from shared.config import ConfigurationError, LimitSettings
from shared.errors import RateLimited
from shared.http.limits import RequestLimits, _remember
from tests.builders.events import Event, http_event
from tests.builders.functions import Functions, Response
from tests.builders.redis import RedisServer

KEY = "correct horse battery staple"
LIST = http_event("GET", "/v1/collections")


def from_address(event: Event, address: str) -> Event:
    context = event["requestContext"]
    return {**event, "requestContext": {**context, "http": {**context["http"], "sourceIp": address}}}


def signed(key: str, event: Event = LIST) -> Event:
    return {**event, "headers": {**event["headers"], "authorization": f"Bearer {key}"}}


def statuses(functions: Functions, *events: Event, name: str = "collections_list") -> list[int]:
    return [functions(name, event)["statusCode"] for event in events]


def rate_headers(response: Response) -> tuple[str, str]:
    return response["headers"]["ratelimit-policy"], response["headers"]["ratelimit"]


@pytest.fixture
def slow_principals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three requests, and then one every hundred seconds."""
    monkeypatch.setenv("RATE_LIMIT_PER_SECOND", "0.01")
    monkeypatch.setenv("RATE_LIMIT_BURST", "3")


@pytest.fixture
def slow_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_PER_ADDRESS", "0.01")
    monkeypatch.setenv("ADMIN_KEY_HASH", hashlib.sha256(KEY.encode()).hexdigest())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    with RedisServer() as started:
        monkeypatch.setenv("REDIS_URL", started.url)
        yield started


def test_without_settings_nobody_is_limited_or_told_of_limits(functions: Functions) -> None:
    for _ in range(5):
        answered = functions("collections_list", LIST)
        assert answered["statusCode"] == 200
        assert not {"ratelimit", "ratelimit-policy", "retry-after"} & set(answered["headers"])


@pytest.mark.usefixtures("slow_principals")
def test_who_asks_too_often_is_told_when_to_come_back(functions: Functions) -> None:
    answered = [functions("collections_list", LIST) for _ in range(3)]
    assert [rate_headers(answer) for answer in answered] == [
        ('"principal";q=3;w=300', f'"principal";r={left};t={full}')
        for left, full in ((2, 100), (1, 200), (0, 300))
    ]
    refused = functions("collections_list", LIST)
    assert refused["statusCode"] == 429
    assert refused["body"]["error"]["code"] == "rate_limited"
    assert refused["body"]["error"]["type"] == "too_many_requests"
    assert refused["headers"]["retry-after"] == "100"
    assert rate_headers(refused) == ('"principal";q=3;w=300', '"principal";r=0;t=300')


@pytest.mark.usefixtures("slow_principals")
def test_a_body_that_cannot_be_read_is_a_request_too(functions: Functions) -> None:
    events = [http_event("POST", "/v1/collections", "{") for _ in range(4)]
    assert statuses(functions, *events, name="collections_create") == [400, 400, 400, 429]


@pytest.mark.usefixtures("slow_principals")
def test_health_is_for_everybody_as_often_as_they_like(functions: Functions) -> None:
    assert statuses(functions, *[http_event("GET", "/health")] * 6, name="health_get") == [200] * 6


@pytest.mark.usefixtures("slow_principals")
def test_environments_share_one_bucket_in_redis(functions: Functions, server: RedisServer) -> None:
    other = Functions()
    answered = [each("collections_list", LIST) for _ in range(2) for each in (functions, other)]
    assert [answer["statusCode"] for answer in answered] == [200, 200, 200, 429]
    assert answered[-1]["headers"]["retry-after"] == "100"
    other.close()
    # Gone, it refuses nobody: this process counts for itself from then on.
    server.kill()
    assert statuses(functions, *[LIST] * 4) == [200, 200, 200, 429]


@pytest.mark.usefixtures("slow_addresses")
def test_refused_sign_ins_are_limited_and_reveal_nothing_then(functions: Functions) -> None:
    # The burst of an address is at least one.
    assert statuses(functions, signed("guess")) == [401]
    refused = [functions("collections_list", signed(key)) for key in ("another guess", KEY)]
    assert [answer["statusCode"] for answer in refused] == [429, 429]
    assert refused[0]["body"] == refused[1]["body"]
    # Elsewhere the key goes on working.
    assert statuses(functions, from_address(signed(KEY), "198.51.100.1")) == [200]


@pytest.mark.usefixtures("slow_addresses")
def test_strangers_with_unreadable_bodies_are_limited_alike(functions: Functions) -> None:
    events = [signed("guess", http_event("POST", "/v1/collections", "{")) for _ in range(2)]
    assert statuses(functions, *events, name="collections_create") == [401, 429]


@pytest.mark.usefixtures("slow_addresses")
def test_an_address_is_whom_the_gateway_names(functions: Functions) -> None:
    forged = [
        {**event, "headers": {**event["headers"], "x-forwarded-for": f"192.0.2.{place}"}}
        for place, event in enumerate([signed(KEY)] * 2)
    ]
    assert statuses(functions, *forged) == [200, 429]
    network = [from_address(signed(KEY), f"2001:db8::{place}") for place in range(2)]
    assert statuses(functions, *network) == [200, 429]


@pytest.mark.usefixtures("slow_addresses", "server")
def test_an_address_that_is_refused_waits_without_redis_being_asked(
    functions: Functions, server: RedisServer
) -> None:
    assert statuses(functions, signed("guess"), signed("guess")) == [401, 429]
    server.kill()
    # The process would let it in, having counted nothing so far.
    assert statuses(functions, signed(KEY)) == [429]
    assert statuses(functions, from_address(signed(KEY), "198.51.100.1")) == [200]


def test_refusals_are_remembered_until_they_are_too_many() -> None:
    limits = RequestLimits(LimitSettings(rate_limit_per_address=1))
    request = Request({"type": "http", "client": ("192.0.2.1", 5)})
    _remember(limits._refused_until, "address:192.0.2.1", 100)
    with pytest.raises(RateLimited) as caught:
        limits.refuse_again(request)
    assert 99 <= caught.value.retry_after_seconds <= 100
    for place in range(10_000):
        _remember(limits._refused_until, f"address:{place}", 100)
    limits.refuse_again(request)


def test_a_malformed_address_of_redis_is_told_without_its_password() -> None:
    settings = LimitSettings.model_validate({"redis_url": "http://user:secret@redis"})
    with pytest.raises(ConfigurationError, match="REDIS_URL is malformed") as caught:
        RequestLimits(settings)
    assert "secret" not in str(caught.value)
