"""GET /openapi.json."""

import json
from pathlib import Path

from tests.builders.events import answer, http_event
from tests.builders.functions import Functions

DOCUMENT = Path(__file__).parents[2] / "functions" / "openapi_get" / "openapi.json"


def test_answers_the_document_that_was_built(functions: Functions) -> None:
    document = DOCUMENT.read_text()
    response = functions("openapi_get", http_event("GET", "/openapi.json"), raw=True)
    assert response == answer(200, document, **{"content-length": str(len(document.encode()))})
    assert "/v1/collections/{collection}/search" in json.loads(document)["paths"]
