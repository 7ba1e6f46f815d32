"""The whole API's OpenAPI document, made from the functions' routes."""

import importlib.metadata
import json
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute

from shared.local.function_list import list_functions
from shared.local.host import compose

# What the function openapi_get answers with.
COMMITTED = Path(__file__).parents[2] / "functions" / "openapi_get" / "openapi.json"
_DESCRIPTION = "Search over your own documents, by words and by meaning, in the Postgres you already have."


def build_openapi() -> dict[str, Any]:
    """The document, the same on every machine. Needs no database."""
    application = compose(list_functions())
    application.version = importlib.metadata.version("concord")
    application.description = _DESCRIPTION
    for route in application.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
    document = application.openapi()
    document.setdefault("components", {})["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "Locally, none is needed."}
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            # Everything of the API proper asks for a key; what stands beside it is public.
            operation["security"] = [{"key": []}] if path.startswith("/v1/") else []
    return document


def openapi_text() -> str:
    """The document as it is committed."""
    return json.dumps(build_openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
