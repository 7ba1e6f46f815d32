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


def test_writes_take_an_idempotency_key_and_nothing_else_does() -> None:
    document = build_openapi()
    key = {"$ref": "#/components/parameters/Idempotency-Key"}
    reading = {"documents_search", "documents_multi_search", "chunks_preview"}
    for operations in document["paths"].values():
        for method, operation in operations.items():
            is_write = method != "get" and operation["operationId"] not in reading
            assert (key in operation.get("parameters", [])) == is_write
            assert {"409", "422"} <= set(operation["responses"]) or not is_write
    told = document["components"]["parameters"]["Idempotency-Key"]
    for code in ("idempotency_in_progress", "idempotency_answer_lost", "idempotency_key_reused"):
        assert code in told["description"]


def test_answers_have_the_headers_of_their_kind() -> None:
    document = build_openapi()
    responses = document["paths"]["/v1/keys"]["post"]["responses"]
    assert {status: set(answer["headers"]) for status, answer in responses.items()} == {
        "201": {"X-Request-Id", "Concord-Usage", "Idempotency-Replayed"},
        "400": {"X-Request-Id", "Concord-Usage"},
        "401": {"X-Request-Id"},
        "403": {"X-Request-Id", "Concord-Usage", "Idempotency-Replayed"},
        "404": {"X-Request-Id", "Concord-Usage", "Idempotency-Replayed"},
        "409": {"X-Request-Id", "Concord-Usage", "Idempotency-Replayed", "Retry-After"},
        "413": {"X-Request-Id", "Concord-Usage"},
        "422": {"X-Request-Id", "Concord-Usage", "Idempotency-Replayed"},
        "429": {"X-Request-Id", "Concord-Usage", "Retry-After"},
        "503": {"X-Request-Id", "Concord-Usage", "Retry-After"},
    }
    assert set(document["paths"]["/health"]["get"]["responses"]["200"]["headers"]) == {"X-Request-Id"}
    named = {name for answer in responses.values() for name in answer["headers"]}
    assert named == set(document["components"]["headers"])
