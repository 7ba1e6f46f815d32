import json

from shared.local.function_list import list_functions
from shared.local.openapi import build_openapi, openapi_text


def test_every_route_of_the_template_is_described() -> None:
    described = {
        (method.upper(), path)
        for path, operations in build_openapi()["paths"].items()
        for method in operations
    }
    assert described == {
        (route.method, route.path) for function in list_functions() for route in function.routes
    }


def test_operations_are_named_like_their_routes() -> None:
    operation = build_openapi()["paths"]["/v1/collections/{collection}/search"]["post"]
    assert operation["operationId"] == "documents_search"
    assert operation["security"] == [{"key": []}]


def test_public_routes_ask_for_no_key() -> None:
    assert build_openapi()["paths"]["/health"]["get"]["security"] == []


def test_the_text_is_the_document() -> None:
    assert json.loads(openapi_text()) == build_openapi()
