"""What a document would become is shown, and is what it then becomes."""

from typing import Any

import pytest

from shared.embeddings.protocol import Embedder
from tests.builders.embedders import RecordingEmbedder
from tests.builders.events import http_event
from tests.builders.functions import Functions

PATH = "/v1/collections/guides"
DOCUMENT = {
    "id": "loom",
    "title": "Notes",
    "body": "# Engines\n\nIt weaves.\n\n# Numbers\n\nIt counts.",
    "metadata": {"author": "Ada", "shelf": 3},
}
TEMPLATE = ["metadata.author", "headings", "text"]


def create(functions: Functions, **fields: Any) -> None:
    created = functions(
        "collections_create", http_event("POST", "/v1/collections", {"name": "guides", **fields})
    )
    assert created["statusCode"] == 201


def preview(functions: Functions, **fields: Any) -> dict[str, Any]:
    return functions("chunks_preview", http_event("POST", f"{PATH}/chunks/preview", fields))


def upsert(functions: Functions, **changes: Any) -> str:
    event = http_event("POST", f"{PATH}/documents", {"documents": [DOCUMENT | changes]})
    status: str = functions("documents_upsert", event)["body"]["items"][0]["status"]
    return status


@pytest.fixture
def recording(embedder: Embedder) -> RecordingEmbedder:
    return RecordingEmbedder(embedder)


def embedded(functions: Functions, recording: RecordingEmbedder) -> list[str]:
    """The texts that are embedded when the worker runs."""
    recording.texts.clear()
    functions.process("chunks_embed", {"schedule": "now"}, replace={"embedder": recording})
    return [*recording.texts]


def test_passages_are_shown_as_the_collection_makes_them(functions: Functions) -> None:
    create(functions)
    answer = preview(functions, document=DOCUMENT)
    assert answer["statusCode"] == 200
    assert answer["body"]["chunks"][0] == {
        "text": "# Engines\n\nIt weaves.",
        "embedded_text": "Notes > Engines\n# Engines\n\nIt weaves.",
        "tokens": 10,
        "start": 0,
        "end": 21,
        "page": None,
        "heading": "Engines",
    }
    assert [chunk["heading"] for chunk in answer["body"]["chunks"]] == ["Engines", "Numbers"]


def test_another_way_is_shown_without_choosing_it(functions: Functions) -> None:
    create(functions)
    answer = preview(functions, document=DOCUMENT, chunking="whole", embedding_template=["text", "title"])
    [chunk] = answer["body"]["chunks"]
    assert (chunk["text"], chunk["heading"]) == (DOCUMENT["body"], None)
    assert chunk["embedded_text"] == f"{DOCUMENT['body']}\nNotes"
    shown = functions("collections_get", http_event("GET", PATH))["body"]
    assert (shown["chunking"], shown["embedding_template"]) == ("headings", ["title", "headings", "text"])
    assert shown["documents"] == 0


def test_what_is_previewed_is_what_is_embedded(functions: Functions, recording: RecordingEmbedder) -> None:
    create(functions, embedding_template=TEMPLATE)
    previewed = preview(functions, document=DOCUMENT)["body"]["chunks"]
    upsert(functions)
    assert embedded(functions, recording) == [chunk["embedded_text"] for chunk in previewed]
    assert previewed[0]["embedded_text"].startswith("Ada > Engines\n")


def test_what_is_embedded_is_embedded_again_when_it_changes(
    functions: Functions, recording: RecordingEmbedder
) -> None:
    create(functions, embedding_template=TEMPLATE)
    upsert(functions)
    assert len(embedded(functions, recording)) == 2
    upsert(functions, metadata={"author": "Ada", "shelf": 4})
    assert embedded(functions, recording) == []
    upsert(functions, metadata={"author": "Grace", "shelf": 4})
    assert [text.split(" > ")[0] for text in embedded(functions, recording)] == ["Grace", "Grace"]


def test_another_template_holds_for_what_is_written_again(
    functions: Functions, recording: RecordingEmbedder
) -> None:
    create(functions)
    upsert(functions)
    assert embedded(functions, recording)[0].startswith("Notes > Engines\n")
    changed = functions("collections_update", http_event("PATCH", PATH, {"embedding_template": TEMPLATE}))
    assert changed["body"]["embedding_template"] == TEMPLATE
    assert changed["body"]["chunking"] == "headings"
    assert upsert(functions) == "updated"
    assert embedded(functions, recording)[0].startswith("Ada > Engines\n")
    assert upsert(functions) == "unchanged"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "document"),
        ({"document": {"body": "no id"}}, "document.id"),
        ({"document": DOCUMENT, "chunking": "pages"}, "chunking"),
        ({"document": DOCUMENT, "embedding_template": ["title"]}, "embedding_template"),
        ({"document": DOCUMENT, "template": []}, "template"),
    ],
)
def test_what_cannot_be_previewed(functions: Functions, fields: dict[str, Any], field: str) -> None:
    create(functions)
    answer = preview(functions, **fields)
    assert answer["statusCode"] == 422
    assert [detail["field"] for detail in answer["body"]["error"]["details"]] == [field]


def test_a_collection_that_is_not_there(functions: Functions) -> None:
    answer = preview(functions, document=DOCUMENT)
    assert (answer["statusCode"], answer["body"]["error"]["code"]) == (404, "collection_not_found")
