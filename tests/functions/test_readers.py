"""Documents that say who may read them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert
from tests.functions.test_documents import DOCUMENTS, items
from tests.functions.test_imports import Imports, counts, lines

ADA = {"id": "a", "body": "Lanterns.", "readers": ["user:ada", "group:eng"]}
WITHOUT = {"id": "a", "body": "Lanterns."}


def readers(functions: Functions, id: str = "a") -> Any:  # noqa: A002 - its field's name
    found = functions("documents_get", http_event("GET", f"{DOCUMENTS}/{id}"), raw=True)
    return json.loads(found["body"])["readers"]


def patch(functions: Functions, change: object) -> dict[str, Any]:
    return functions("documents_update", http_event("PATCH", f"{DOCUMENTS}/a", change))


def test_a_document_says_who_may_read_it(functions: Functions, guides: Upsert) -> None:
    guides(WITHOUT)
    assert readers(functions) is None
    assert guides(ADA) == items(("a", "updated"))
    assert readers(functions) == ["group:eng", "user:ada"]
    assert guides({**ADA, "readers": ["group:eng", "user:ada", "group:eng"]}) == items(("a", "unchanged"))
    listed = functions("documents_list", http_event("GET", DOCUMENTS), raw=True)
    assert json.loads(listed["body"])["documents"][0]["readers"] == ["group:eng", "user:ada"]


def test_who_says_nothing_of_readers_changes_none(functions: Functions, guides: Upsert) -> None:
    guides(ADA)
    assert guides(WITHOUT) == items(("a", "unchanged"))
    assert guides({**WITHOUT, "body": "Other lanterns.", "metadata": {"year": 1}}) == items(("a", "updated"))
    assert readers(functions) == ["group:eng", "user:ada"]
    assert guides({**WITHOUT, "body": "Other lanterns.", "readers": []}) == items(("a", "updated"))
    assert readers(functions) == []
    assert guides({**WITHOUT, "body": "Other lanterns.", "readers": None}) == items(("a", "updated"))
    assert readers(functions) is None


def test_a_change_of_readers_is_one_of_parts(functions: Functions, guides: Upsert) -> None:
    guides(ADA)
    functions.process("chunks_embed", {"schedule": "now"})
    assert patch(functions, {"title": "Lights"})["body"]["readers"] == ["group:eng", "user:ada"]
    functions.process("chunks_embed", {"schedule": "now"})
    changed = patch(functions, {"readers": ["user:bob"]})["body"]
    assert (changed["readers"], changed["embedding_state"]) == (["user:bob"], "ready")
    assert patch(functions, {"readers": None})["body"]["readers"] is None


@pytest.mark.parametrize(
    "wrong",
    ["user:ada", ["user ada"], [""], ["a" * 129], [1], ["user:ada\n"], ["näme"], ["u"] * 1_001, {"a": 1}],
)
def test_readers_of_another_form_are_refused(functions: Functions, guides: Upsert, wrong: object) -> None:
    answer = guides(ADA, {"id": "b", "body": "Lamps.", "readers": wrong})
    assert answer["statusCode"] == 207
    refused = answer["body"]["items"][1]
    assert refused["error"]["code"] == "invalid_request"
    assert refused["error"]["details"][0]["field"].startswith("readers")
    assert patch(functions, {"readers": wrong})["statusCode"] == 422


def test_imports_bring_readers(functions: Functions, guides: Upsert, tmp_path: Path) -> None:
    guides()
    imports = Imports(functions, tmp_path / "objects")
    done = imports.run(format="ndjson", content=lines(ADA, {"id": "b", "body": "Lamps."}))
    assert counts(done)[0] == 2
    assert (readers(functions), readers(functions, "b")) == (["group:eng", "user:ada"], None)
    table = 'id,body,readers\na,Lanterns.,user:bob\nb,Lamps.,"user:ada; group:eng, group:ops"\nc,Lights.,\n'
    imports.run(format="csv", content=table)
    assert readers(functions) == ["user:bob"]
    assert readers(functions, "b") == ["group:eng", "group:ops", "user:ada"]
    # A cell left out must not show a document to everybody.
    assert readers(functions, "c") == []
