"""The embedding model of a collection over HTTP: told, planned, changed, switched and cleaned up."""

from typing import Any

import pytest

from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.local_model_files import FLOAT32_MODEL, MODEL
from tests.builders.events import http_event, schedule_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert

EMBEDDING = "/v1/collections/guides/embedding"
NEW = {"model": FLOAT32_MODEL, "dimensions": 384}


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, functions: Functions) -> Functions:
    """Functions of a deployment with two models."""
    monkeypatch.setenv("EMBEDDING_NEXT_PROVIDER", "local")
    monkeypatch.setenv("EMBEDDING_NEXT_MODEL", FLOAT32_MODEL)
    monkeypatch.setenv("EMBEDDING_NEXT_DIMENSIONS", "384")
    monkeypatch.setenv("EMBEDDING_NEXT_MODEL_DIR", str(ensure_model_files(model=FLOAT32_MODEL)))
    return functions


def change(functions: Functions, **body: Any) -> dict[str, Any]:
    return functions("embeddings_change", http_event("POST", EMBEDDING, {**NEW, **body}))


def get(functions: Functions) -> dict[str, Any]:
    found: dict[str, Any] = functions("embeddings_get", http_event("GET", EMBEDDING))["body"]
    return found


def test_a_change_from_its_plan_to_its_end(models: Functions, guides: Upsert) -> None:
    guides({"id": "cats", "body": "Cats purr."}, {"id": "empty"})
    models.process("chunks_embed", schedule_event())
    assert get(models) == {
        "collection": "guides",
        "serving": {"model": MODEL, "dimensions": 384},
        "chunks": 1,
        "change": None,
    }
    planned = change(models, dry_run=True, rate=2)["body"]
    assert planned["plan"] == {
        "model": FLOAT32_MODEL,
        "dimensions": 384,
        "documents": 1,
        "chunks": 1,
        "tokens": planned["plan"]["tokens"],
        "dollars_per_million_tokens": 0.0,
        "prices_of": "2025-06",
        "dollars": 0.0,
        "chunks_per_second": 2.0,
        "minutes": 0.01,
    }
    assert (planned["embedding"]["change"], planned["plan"]["tokens"] > 1) == (None, True)

    begun = change(models)["body"]
    assert (begun["plan"], begun["embedding"]["change"]["state"]) == (None, "backfilling")
    assert models.process("chunks_embed", schedule_event())["backfilled"] == 1
    assert get(models)["change"]["state"] == "complete"
    switched = models("embeddings_switch", http_event("POST", f"{EMBEDDING}/switch", {"to": "new"}))
    assert switched["body"]["serving"] == NEW
    search = http_event("POST", "/v1/collections/guides/search", {"q": "felines", "mode": "semantic"})
    assert models("documents_search", search)["body"]["degraded"] == []
    back = models("embeddings_switch", http_event("POST", f"{EMBEDDING}/switch", {"to": "old"}))
    assert back["body"]["change"]["state"] == "rolled_back"
    cleaned = models("embeddings_clean", http_event("DELETE", f"{EMBEDDING}/change"))["body"]
    assert (cleaned["change"]["state"], cleaned["change"]["new_vectors"]) == ("cleaned", 0)
    gone = models("embeddings_clean", http_event("DELETE", f"{EMBEDDING}/change"))
    assert gone["statusCode"] == 404


@pytest.mark.usefixtures("guides")
def test_a_plan_may_be_of_any_model_and_price(functions: Functions) -> None:
    unknown = change(functions, model="another", dimensions=3, dry_run=True)["body"]["plan"]
    assert (unknown["dollars"], unknown["prices_of"]) == (None, None)
    assert (unknown["chunks"], unknown["tokens"]) == (0, 0)
    priced = change(functions, model="another", dimensions=3, dry_run=True, price=1.5)["body"]["plan"]
    assert (priced["dollars"], priced["dollars_per_million_tokens"]) == (0.0, 1.5)


@pytest.mark.usefixtures("guides")
def test_a_model_that_the_deployment_has_not_is_refused(functions: Functions) -> None:
    refused = change(functions)
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["details"][0]["field"] == "model"


@pytest.mark.usefixtures("guides")
@pytest.mark.parametrize(
    ("body", "field"),
    [({"model": ""}, "model"), ({"dimensions": 0}, "dimensions"), ({"rate": 0}, "rate"), ({"x": 1}, "x")],
)
def test_bad_input_is_named(functions: Functions, body: dict[str, Any], field: str) -> None:
    refused = change(functions, **body)
    assert refused["statusCode"] == 422
    assert field in refused["body"]["error"]["details"][0]["field"]
