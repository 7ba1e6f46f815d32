"""Every route asks for a permission, but for the few that are public."""

import hashlib

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from shared.http import auth
from shared.http.lambda_function import HttpFunction
from shared.local.function_list import list_functions
from shared.local.host import compose

PUBLIC_ON_LAMBDA = {"/health", "/openapi.json"}
PUBLIC_ON_A_LAPTOP = PUBLIC_ON_LAMBDA | {"/docs"}
# What `principal: MayReadDocuments` and its like make FastAPI call.
PERMISSIONS = {
    alias.__metadata__[0].dependency for name, alias in vars(auth).items() if name.startswith("May")
}

# What each route asks for.
ROUTES = """
GET /health
GET /openapi.json
GET /v1/aliases MayReadCollections
DELETE /v1/aliases/{alias} MayWriteCollections
PUT /v1/aliases/{alias} MayWriteCollections
GET /v1/audit MayReadAudit
GET /v1/collections MayReadCollections
POST /v1/collections MayWriteCollections
DELETE /v1/collections/{collection} MayWriteCollections
GET /v1/collections/{collection} MayReadCollections
PATCH /v1/collections/{collection} MayWriteCollections
POST /v1/collections/{collection}/chunks/preview MayReadDocuments
GET /v1/collections/{collection}/documents MayReadDocuments
POST /v1/collections/{collection}/documents MayWriteDocuments
POST /v1/collections/{collection}/documents/delete MayWriteDocuments
DELETE /v1/collections/{collection}/documents/{id} MayWriteDocuments
GET /v1/collections/{collection}/documents/{id} MayReadDocuments
PATCH /v1/collections/{collection}/documents/{id} MayWriteDocuments
GET /v1/collections/{collection}/documents/{id}/original MayReadDocuments
GET /v1/collections/{collection}/documents/{id}/similar MaySearchDocuments
GET /v1/collections/{collection}/embedding MayReadCollections
POST /v1/collections/{collection}/embedding MayWriteCollections
DELETE /v1/collections/{collection}/embedding/change MayWriteCollections
POST /v1/collections/{collection}/embedding/switch MayWriteCollections
POST /v1/collections/{collection}/exports MayReadAllDocuments
GET /v1/collections/{collection}/exports/{id} MayReadAllDocuments
GET /v1/collections/{collection}/imports MayReadAllDocuments
POST /v1/collections/{collection}/imports MayWriteDocuments
GET /v1/collections/{collection}/imports/{id} MayReadAllDocuments
POST /v1/collections/{collection}/imports/{id}/cancel MayWriteDocuments
POST /v1/collections/{collection}/imports/{id}/retry MayWriteDocuments
GET /v1/collections/{collection}/search MaySearchDocuments
POST /v1/collections/{collection}/search MaySearchDocuments
GET /v1/collections/{collection}/sources MayReadAllDocuments
POST /v1/collections/{collection}/sources MayWriteDocuments
DELETE /v1/collections/{collection}/sources/{id} MayWriteDocuments
GET /v1/collections/{collection}/sources/{id} MayReadAllDocuments
PATCH /v1/collections/{collection}/sources/{id} MayWriteDocuments
GET /v1/collections/{collection}/suggest MaySearchDocuments
GET /v1/keys MayReadKeys
POST /v1/keys MayWriteKeys
DELETE /v1/keys/{id} MayWriteKeys
POST /v1/search MaySearchDocuments
GET /v1/usage MayAskForItself
""".strip().splitlines()


def routes() -> list[APIRoute]:
    """The routes of all functions."""
    handlers = [function.load() for function in list_functions()]
    listed = [
        route for handler in handlers if isinstance(handler, HttpFunction) for route in handler.router.routes
    ]
    assert all(isinstance(route, APIRoute) for route in listed)
    return [route for route in listed if isinstance(route, APIRoute)]


def asks_for_permission(dependant: Dependant) -> bool:
    return dependant.call in PERMISSIONS or any(map(asks_for_permission, dependant.dependencies))


def test_permissions_are_found() -> None:
    assert len(PERMISSIONS) == len([name for name in vars(auth) if name.startswith("May")]) > 0


def test_the_public_routes_of_the_functions_are_the_known_ones() -> None:
    assert {route.path for route in routes() if not asks_for_permission(route.dependant)} == PUBLIC_ON_LAMBDA


def test_every_route_asks_for_what_is_written_here() -> None:
    names = {
        alias.__metadata__[0].dependency: name for name, alias in vars(auth).items() if name.startswith("May")
    }
    asked = [
        (
            route.path,
            f"{method} {route.path} "
            + " ".join(names[part.call] for part in route.dependant.dependencies if part.call in names),
        )
        for route in routes()
        for method in route.methods or ()
    ]
    assert [line.strip() for _path, line in sorted(asked)] == ROUTES


def test_every_permission_is_shown_as_the_principal() -> None:
    for route in routes():
        named = [
            dependency.name for dependency in route.dependant.dependencies if dependency.call in PERMISSIONS
        ]
        assert named == ([] if route.path in PUBLIC_ON_LAMBDA else ["principal"])


async def test_a_laptop_with_a_key_answers_others_on_public_routes_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADMIN_KEY_HASH", hashlib.sha256(b"a key").hexdigest())
    application = compose(list_functions())
    known = {
        (method, route.path)
        for route in (*routes(), *application.routes)
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://concord") as client:
        answered = {
            path
            for method, path in known
            if (await client.request(method, path)).status_code != httpx.codes.UNAUTHORIZED
        }
    assert answered == PUBLIC_ON_A_LAPTOP


async def test_without_a_key_production_answers_on_health_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.delenv("ADMIN_KEY_HASH", raising=False)
    application = compose(list_functions())
    transport = httpx.ASGITransport(application)
    calls = {(method, route.path) for route in routes() for method in route.methods or ()} | {
        ("GET", "/docs")
    }
    answers = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://concord") as client:
        for method, path in calls:
            address = path.format(collection="c", id="d", alias="a")
            answers[method, path] = (await client.request(method, address)).status_code
    assert {call for call, status in answers.items() if status != 401} == {("GET", "/health")}
