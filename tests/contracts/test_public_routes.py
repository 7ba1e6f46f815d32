"""Every route asks for a permission, but for the few that are public."""

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

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


def asks_for_permission(dependant: Dependant) -> bool:
    return dependant.call in PERMISSIONS or any(map(asks_for_permission, dependant.dependencies))


def public(routes: list[BaseRoute]) -> set[str]:
    """The paths that answer without a permission; of what is no API route only the name is known."""
    return {
        route.path if isinstance(route, APIRoute) else repr(route)
        for route in routes
        if not (isinstance(route, APIRoute) and asks_for_permission(route.dependant))
    }


def test_the_functions_public_routes_are_the_known_ones() -> None:
    handlers = [function.load() for function in list_functions()]
    routes = [
        route for handler in handlers if isinstance(handler, HttpFunction) for route in handler.router.routes
    ]
    assert public(routes) == PUBLIC_ON_LAMBDA


def test_a_laptop_adds_the_documentation_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "test")
    assert public(compose(list_functions()).routes) == PUBLIC_ON_A_LAPTOP


def test_permissions_are_found() -> None:
    assert len(PERMISSIONS) == len([name for name in vars(auth) if name.startswith("May")]) > 0
