"""Who gets an answer at all, from every function behind HTTP."""

import hashlib

import pytest

from tests.builders.events import Event, answer, error_answer, http_event
from tests.builders.functions import Functions

KEY = "correct horse battery staple"
DOCUMENT = "/v1/collections/guides/documents/a"
DOCUMENTS = "/v1/collections/guides/documents"
REQUESTS = {
    "openapi_get": http_event("GET", "/openapi.json"),
    "collections_create": http_event("POST", "/v1/collections", {"name": "guides"}),
    "collections_list": http_event("GET", "/v1/collections"),
    "collections_get": http_event("GET", "/v1/collections/guides"),
    "collections_update": http_event("PATCH", "/v1/collections/guides", {"name": "manuals"}),
    "collections_delete": http_event("DELETE", "/v1/collections/guides"),
    "documents_upsert": http_event("POST", DOCUMENTS, {"documents": [{"id": "a"}]}),
    "documents_list": http_event("GET", DOCUMENTS),
    "documents_get": http_event("GET", DOCUMENT),
    "documents_update": http_event("PATCH", DOCUMENT, {"title": "A"}),
    "documents_delete": http_event("DELETE", DOCUMENT),
    "documents_delete_by_filter": http_event("POST", f"{DOCUMENTS}/delete", {"filter": "a = 1"}),
    "documents_search": http_event("POST", "/v1/collections/guides/search", {"q": "a"}),
}
NEEDS_A_KEY = "A valid key is needed: send it as `Authorization: Bearer <key>`."
SIGN_IN = {"www-authenticate": "Bearer"}
NOT_YET = "Nobody can sign in yet: set ADMIN_KEY_HASH."


def refused(message: str) -> Event:
    return error_answer(401, "unauthenticated", message, "unauthenticated", [], **SIGN_IN)


def signed(event: Event, key: str) -> Event:
    return {**event, "headers": {**event["headers"], "Authorization": key}}


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")


@pytest.fixture
def admin_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_KEY_HASH", hashlib.sha256(KEY.encode()).hexdigest())


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("name", REQUESTS)
def test_production_is_silent_until_an_admin_key_is_configured(functions: Functions, name: str) -> None:
    message = "Nothing but /health answers yet: set ADMIN_KEY_HASH." if name == "openapi_get" else NOT_YET
    for event in (REQUESTS[name], signed(REQUESTS[name], f"Bearer {KEY}")):
        assert functions(name, event) == refused(message)


@pytest.mark.usefixtures("production", "admin_key")
@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "openapi_get"])
def test_only_the_admin_key_opens_production(functions: Functions, name: str) -> None:
    wrong = ["Bearer wrong", "Bearer ", "Bearer", f"Basic {KEY}", KEY, f"Bearer {KEY} x", "Bearer \u00e9"]
    for event in (REQUESTS[name], *(signed(REQUESTS[name], key) for key in wrong)):
        assert functions(name, event) == refused(NEEDS_A_KEY)
    for key in (f"Bearer {KEY}", f"bearer {KEY}", f"BEARER  {KEY} "):
        assert functions(name, signed(REQUESTS[name], key))["statusCode"] in {200, 201, 404, 409}


def test_no_key_is_never_the_right_one(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_KEY_HASH", hashlib.sha256(b"").hexdigest())
    for event in (REQUESTS["collections_list"], signed(REQUESTS["collections_list"], "Bearer ")):
        assert functions("collections_list", event) == refused(NEEDS_A_KEY)


@pytest.mark.usefixtures("admin_key")
def test_a_configured_key_is_asked_for_locally_too(functions: Functions) -> None:
    assert functions("collections_list", REQUESTS["collections_list"]) == refused(NEEDS_A_KEY)
    listed = functions("collections_list", signed(REQUESTS["collections_list"], f"Bearer {KEY}"))
    assert listed == answer(200, {"collections": [], "cursor": None}, **{"x-cache": "bypass"})


@pytest.mark.usefixtures("admin_key")
@pytest.mark.parametrize("body", ["{", b"\xff", '{"documents": [' + '"x"' * 2_000_000 + "]}"])
def test_strangers_are_not_told_about_their_bodies(functions: Functions, body: str | bytes) -> None:
    event = http_event("POST", DOCUMENTS, body)
    assert functions("documents_upsert", event) == refused(NEEDS_A_KEY)
    assert functions("documents_upsert", signed(event, f"Bearer {KEY}"))["statusCode"] in {400, 413}


def test_a_request_from_a_listed_origin_may_be_read_there(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://app.example.com, https://other.example.com")
    origin = {"origin": "https://app.example.com"}
    preflight = functions(
        "collections_create",
        http_event(
            "OPTIONS",
            "/v1/collections",
            headers={**origin, "access-control-request-method": "POST"},
        ),
    )
    assert preflight["statusCode"] == 200
    assert preflight["headers"]["access-control-allow-origin"] == "https://app.example.com"
    # Refusals of every kind can be read as well.
    for body, status in (("{", 400), ("x" * 5_000_001, 413), ({"name": "a"}, 201)):
        event = http_event("POST", "/v1/collections", body, headers=origin)
        made = functions("collections_create", event)
        assert made["statusCode"] == status
        assert made["headers"]["access-control-allow-origin"] == "https://app.example.com"
        assert "x-request-id" in made["headers"]["access-control-expose-headers"].split(", ")
    stranger = http_event(
        "POST", "/v1/collections", {"name": "b"}, headers={"origin": "https://evil.example"}
    )
    assert "access-control-allow-origin" not in functions("collections_create", stranger)["headers"]
