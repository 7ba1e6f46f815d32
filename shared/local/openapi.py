"""The whole API's OpenAPI document, made from the functions' routes."""

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

from shared.domain.idempotency import KEPT_HOURS, MOST_KEY_CHARACTERS
from shared.errors import (
    ConcordError,
    Conflict,
    InvalidRequest,
    MalformedBody,
    PayloadTooLarge,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from shared.http.auth import writes
from shared.local.function_list import list_functions
from shared.local.host import compose

# What the function openapi_get answers with.
COMMITTED = Path(__file__).parents[2] / "functions" / "openapi_get" / "openapi.json"
_DESCRIPTION = "Search over your own documents, by words and by meaning, in the Postgres you already have."
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "One of your own for each request. The same request, sent again within"
    f" {KEPT_HOURS} hours, is not carried out again and has the same answer. 409"
    " `idempotency_in_progress`: the first is still being carried out; `idempotency_answer_lost`: it has"
    " been, and its answer is not kept. 422 `idempotency_key_reused`: the key is that of another request.",
    "schema": {
        "type": "string",
        "pattern": f"^[!-~]{{1,{MOST_KEY_CHARACTERS}}}$",
        "maxLength": MOST_KEY_CHARACTERS,
    },
}
_HEADERS = {
    "X-Request-Id": {
        "description": "The request's id, which the log and the audit have.",
        "schema": {"type": "string"},
    },
    "Concord-Usage": {
        "description": "What the answer has cost, by the names of `usage`; what is left out is 0.",
        "schema": {"type": "string"},
        "example": "searches=1, embedded_queries=1, embedded_tokens=7",
    },
    "Retry-After": {
        "description": "Seconds after which to send the request again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Idempotency-Replayed": {
        "description": "`true` where this is the answer to an earlier request with the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
# Of these a caller is told when to come back: of a conflict, where it will pass.
_PASSING_STATUSES = {"409", "429", "503"}
# Never kept: what is refused before it is known to be a request, or will pass.
_NOT_KEPT_STATUSES = {"400", "401", "413", "429", "503"}


def build_openapi() -> dict[str, Any]:
    """The document, the same on every machine. Needs no database."""
    application = compose(list_functions())
    application.version = importlib.metadata.version("concord")
    application.description = _DESCRIPTION
    document = application.openapi()
    document.setdefault("components", {})["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "Locally, none is needed."}
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = _route_name(operation["operationId"], path, method)
            # Everything of the API proper asks for a key; what stands beside it is public.
            operation["security"] = [{"key": []}] if path.startswith("/v1/") else []
            is_write = path.startswith("/v1/") and writes(method.upper(), operation["operationId"])
            if is_write:
                operation.setdefault("parameters", []).append(
                    {"$ref": "#/components/parameters/Idempotency-Key"}
                )
            _tell_refusals(operation, path, is_write=is_write)
            _tell_headers(operation, path, is_write=is_write)
    document["components"]["parameters"] = {"Idempotency-Key": _IDEMPOTENCY_KEY}
    document["components"]["headers"] = _HEADERS
    return document


def _tell_refusals(operation: dict[str, Any], path: str, *, is_write: bool) -> None:
    """Add what every operation of its kind may be refused with to what its route tells of itself."""
    refusals: list[type[ConcordError]] = []
    if path != "/health":
        refusals.append(Unauthenticated)
    if path.startswith("/v1/"):
        refusals += [PermissionDenied, RateLimited, Unavailable]
    if is_write:
        refusals += [Conflict, InvalidRequest]
    if "requestBody" in operation:
        refusals += [MalformedBody, PayloadTooLarge]
    for refusal in refusals:
        answer = {
            "description": (refusal.__doc__ or "").partition("\n")[0],
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
        }
        operation["responses"].setdefault(str(refusal.status), answer)


def _tell_headers(operation: dict[str, Any], path: str, *, is_write: bool) -> None:
    """Add the headers that answers have whatever their route."""
    for status, answer in operation["responses"].items():
        told = ["X-Request-Id"]
        if path.startswith("/v1/") and status != str(Unauthenticated.status):
            told.append("Concord-Usage")
        if status in _PASSING_STATUSES:
            told.append("Retry-After")
        if is_write and status not in _NOT_KEPT_STATUSES:
            told.append("Idempotency-Replayed")
        headers = answer.setdefault("headers", {})
        headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in told}


def _route_name(operation_id: str, path: str, method: str) -> str:
    """FastAPI's id is the route's name, which is unique here, followed by its path and method."""
    return operation_id.removesuffix(re.sub(r"\W", "_", path) + f"_{method}")


def openapi_text() -> str:
    """The document as it is committed."""
    return json.dumps(build_openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
