"""How documents become chunks is chosen for a collection, and holds for what is written from then on."""

from typing import Any

import pytest

from tests.builders.events import http_event
from tests.builders.functions import Functions

PATH = "/v1/collections/guides"
BODY = "# Rivers\n\nThey flow.\n\n# Hills\n\nThey stand."


def create(functions: Functions, **fields: Any) -> dict[str, Any]:
    return functions(
        "collections_create", http_event("POST", "/v1/collections", {"name": "guides", **fields})
    )


def upsert(functions: Functions) -> str:
    documents = [{"id": "land", "body": BODY}]
    answer = functions("documents_upsert", http_event("POST", f"{PATH}/documents", {"documents": documents}))
    status: str = answer["body"]["items"][0]["status"]
    return status


def passages(functions: Functions) -> list[tuple[str, str | None]]:
    asked = {"q": "they flow stand", "mode": "keyword", "passages": 5}
    answer = functions("documents_search", http_event("POST", f"{PATH}/search", asked))
    [hit] = answer["body"]["hits"]
    return sorted((passage["text"], passage["heading"]) for passage in hit["passages"])


def test_a_document_is_one_passage_where_it_is_whole(functions: Functions) -> None:
    assert create(functions, chunking="whole")["body"]["chunking"] == "whole"
    assert upsert(functions) == "created"
    assert [text for text, _ in passages(functions)] == [BODY]


def test_another_chunking_holds_for_what_is_written_again(functions: Functions) -> None:
    assert create(functions)["body"]["chunking"] == "headings"
    upsert(functions)
    changed = functions("collections_update", http_event("PATCH", PATH, {"chunking": "whole"}))
    assert changed["body"]["chunking"] == "whole"
    assert functions("collections_get", http_event("GET", PATH))["body"]["chunking"] == "whole"
    assert len(passages(functions)) == 2
    assert upsert(functions) == "updated"
    assert len(passages(functions)) == 1
    assert upsert(functions) == "unchanged"
    functions("collections_update", http_event("PATCH", PATH, {"chunking": "headings"}))
    assert upsert(functions) == "updated"
    assert len(passages(functions)) == 2


def test_a_changed_document_is_chunked_as_its_collection_says(functions: Functions) -> None:
    create(functions, chunking="whole")
    upsert(functions)
    changed = BODY.replace("stand", "stand still")
    functions("documents_update", http_event("PATCH", f"{PATH}/documents/land", {"body": changed}))
    assert [text for text, _ in passages(functions)] == [changed]


@pytest.mark.parametrize("chunking", ["paragraphs", None, 5])
def test_an_unknown_chunking_is_refused(functions: Functions, chunking: object) -> None:
    refused = create(functions, chunking=chunking)
    assert refused["statusCode"] == 422
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == ["chunking"]
