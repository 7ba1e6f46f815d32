"""The whole API's OpenAPI document, made from the functions' routes."""

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

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
    document = application.openapi()
    document.setdefault("components", {})["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "Locally, none is needed."}
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = _route_name(operation["operationId"], path, method)
            # Everything of the API proper asks for a key; what stands beside it is public.
            operation["security"] = [{"key": []}] if path.startswith("/v1/") else []
    return document


def _route_name(operation_id: str, path: str, method: str) -> str:
    """FastAPI's id is the route's name, which is unique here, followed by its path and method."""
    return operation_id.removesuffix(re.sub(r"\W", "_", path) + f"_{method}")


def openapi_text() -> str:
    """The document as it is committed."""
    return json.dumps(build_openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
