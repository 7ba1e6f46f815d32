"""Input that is unusual but right: stored, and found by what it says."""

from typing import Any

from tests.builders.documents import long_document
from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert


def found_ids(functions: Functions, q: str) -> list[str]:
    return [hit["document"]["id"] for hit in hits(functions, q)]


def hits(functions: Functions, q: str) -> list[dict[str, Any]]:
    request = {"q": q, "mode": "keyword"}
    answered = functions("documents_search", http_event("POST", "/v1/collections/guides/search", request))
    assert answered["statusCode"] == 200
    found: list[dict[str, Any]] = answered["body"]["hits"]
    return found


def test_empty_documents_are_stored_and_not_found(functions: Functions, guides: Upsert) -> None:
    blank = {"id": "blank", "title": " ", "body": " \n\t\u00a0"}
    assert guides({"id": "empty"}, blank, {"id": "other", "body": "words"})["statusCode"] == 200
    assert found_ids(functions, "words") == ["other"]
    assert found_ids(functions, "blank empty") == []
    functions.process("chunks_embed", {"schedule": "now"})
    request = {"q": "empty", "mode": "semantic"}
    answered = functions("documents_search", http_event("POST", "/v1/collections/guides/search", request))
    assert [hit["document"]["id"] for hit in answered["body"]["hits"]] in ([], ["other"])
    stored = functions("documents_get", http_event("GET", "/v1/collections/guides/documents/blank"))["body"]
    assert (stored["title"], stored["body"]) == (" ", " \n\t\u00a0")
    assert stored["embedding_state"] == "ready"


def test_a_document_of_two_megabytes_is_found_by_its_last_word(functions: Functions, guides: Upsert) -> None:
    body = long_document(2_000_000, "quetzalcoatlus")
    assert guides({"id": "long", "body": body}, {"id": "short", "body": "A river."})["statusCode"] == 200
    (hit,) = hits(functions, "quetzalcoatlus")
    (passage,) = hit["passages"]
    assert hit["document"]["id"] == "long"
    assert passage["end"] == len(body)
    assert passage["text"] == body[passage["start"] :]
    assert "<mark>quetzalcoatlus</mark>" in passage["highlight"]
    counted = functions("collections_get", http_event("GET", "/v1/collections/guides"))["body"]
    assert (counted["documents"], counted["pending"]) == (2, 2)
    assert counted["chunks"] > 2_000


def test_a_word_of_a_hundred_thousand_characters_hides_nothing_around_it(
    functions: Functions, guides: Upsert
) -> None:
    body = f"The cat sat. {'x' * 100_000} The dog ran."
    assert guides({"id": "a", "title": "Word", "body": body})["statusCode"] == 200
    for word in ("cat", "sat", "dog", "ran", "word"):
        (hit,) = hits(functions, word)
        (passage,) = hit["passages"]
        assert passage["text"] == body[passage["start"] : passage["end"]]
        if word != "word":
            assert f"<mark>{word}</mark>" in passage["highlight"]


def test_no_language_is_left_out(functions: Functions, guides: Upsert) -> None:
    texts = {
        "greek": "\u0391\u03b8\u03ae\u03bd\u03b1",
        "japanese": "\u6771\u4eac \u30bf\u30ef\u30fc",
        "emoji": "rocket \U0001f680 man\u0303ana",
        "hindi": "\u0928\u092e\u0938\u094d\u0924\u0947",
        "full_width": "\uff21\uff22\uff23",
    }
    assert guides(*({"id": name, "body": text} for name, text in texts.items()))["statusCode"] == 200
    assert found_ids(functions, "\u03b1\u03b8\u03ae\u03bd\u03b1") == ["greek"]
    assert found_ids(functions, "\u30bf\u30ef\u30fc") == ["japanese"]
    assert found_ids(functions, "ma\u00f1ana") == ["emoji"]
    assert found_ids(functions, "\u0928\u092e\u0938\u094d\u0924\u0947") == ["hindi"]
    assert found_ids(functions, "abc") == ["full_width"]
