"""What the gateway does by itself: its routes, whom it lets in before a function is asked, which browsers."""

from typing import Any

from fastapi.testclient import TestClient

from shared.config import PublicSettings
from shared.http.application import build_application
from tests.builders.cloudformation import Parameters, Stack
from tests.builders.template import list_function_resources
from tests.contracts.test_public_routes import PUBLIC_ON_LAMBDA
from tests.contracts.test_template_parameters import JWT

type Route = tuple[str, str]
ORIGIN = "https://app.example.com"
ROUTES = {
    (event["Method"], event["Path"])
    for function in list_function_resources()
    for event in function.events("HttpApi")
}
# What browsers let any site send and read.
ALWAYS_SENT = {"accept", "accept-language", "content-language"}


def gateway(given: Parameters) -> dict[str, Any]:
    """The document that API Gateway is made of."""
    body: dict[str, Any] = Stack.of(**given).resources()["HttpApi"]["Properties"]["Body"]
    return body


def authorizers(document: dict[str, Any]) -> dict[Route, list[str]]:
    """Of each route those of which one has to let the caller in."""
    return {
        (method.upper(), path): [name for one in operation.get("security", []) for name in one]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_calls_a_function_and_asks_nobody_unless_told_to() -> None:
    for given in ({}, JWT):
        document = gateway(given)
        assert authorizers(document) == {route: [] for route in ROUTES}
        assert "components" not in document
        for methods in document["paths"].values():
            assert all("x-amazon-apigateway-integration" in operation for operation in methods.values())


def test_with_jwts_alone_every_route_that_is_not_public_takes_one() -> None:
    document = gateway(JWT | {"GatewayJwt": "true"})
    asked = {route for route, names in authorizers(document).items() if names == ["Jwt"]}
    public = {route for route, names in authorizers(document).items() if names == []}
    assert {path for _method, path in public} == PUBLIC_ON_LAMBDA
    assert asked | public == ROUTES
    scheme = document["components"]["securitySchemes"]["Jwt"]
    assert scheme["x-amazon-apigateway-authorizer"] == {
        "type": "jwt",
        "identitySource": "$request.header.Authorization",
        "jwtConfiguration": {"issuer": JWT["JwtIssuer"], "audience": [JWT["JwtAudience"]]},
    }


def test_who_verifies_at_the_gateway_stores_the_keys_all_the_same() -> None:
    with_gateway = Stack.of(**JWT, GatewayJwt="true").resources()
    assert with_gateway.keys() == Stack.of(**JWT).resources().keys()
    environment = with_gateway["DocumentsSearchFunction"]["Properties"]["Environment"]["Variables"]
    assert environment["JWT_ISSUER"] == JWT["JwtIssuer"]


def test_browsers_are_told_by_the_gateway_what_the_functions_tell_them() -> None:
    assert "x-amazon-apigateway-cors" not in gateway({})
    told = gateway({"CorsOrigins": ORIGIN})["x-amazon-apigateway-cors"]
    assert told["allowOrigins"] == ORIGIN
    with TestClient(build_application([], PublicSettings(cors_origins=(ORIGIN,)))) as client:
        asked = {"origin": ORIGIN, "access-control-request-method": "PUT"}
        preflight = client.options("/", headers=asked).headers
        answer = client.get("/", headers={"origin": ORIGIN}).headers
    methods, headers, exposed = (
        listed(sent[f"access-control-{name}"])
        for sent, name in (
            (preflight, "allow-methods"),
            (preflight, "allow-headers"),
            (answer, "expose-headers"),
        )
    )
    assert set(told["allowMethods"]) == methods
    assert methods >= {method for method, _path in ROUTES}
    assert set(told["allowHeaders"]) == {name.lower() for name in headers} - ALWAYS_SENT
    assert set(told["exposeHeaders"]) == exposed


def listed(text: str) -> set[str]:
    return {part.strip() for part in text.split(",")}
