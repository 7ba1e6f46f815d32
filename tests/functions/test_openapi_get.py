"""GET /openapi.json."""

import json
from pathlib import Path

from tests.builders.events import answer, http_event
from tests.builders.functions import SAFE_HEADERS, Functions

DOCUMENT = Path(__file__).parents[2] / "functions" / "openapi_get" / "openapi.json"


def test_answers_the_document_that_was_built(functions: Functions) -> None:
    document = DOCUMENT.read_text()
    event = http_event("GET", "/openapi.json")
    response = functions("openapi_get", event, raw=True)
    headers = {
        "content-length": str(len(document.encode())),
        **SAFE_HEADERS,
        "x-request-id": event["requestContext"]["requestId"],
    }
    assert response == answer(200, document, **headers)
    assert "/v1/collections/{collection}/search" in json.loads(document)["paths"]
