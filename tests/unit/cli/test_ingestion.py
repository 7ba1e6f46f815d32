import json
from collections.abc import Iterator

import httpx
import pytest

from shared.cli import ingestion
from shared.cli.api_client import ApiError, ConcordApi
from shared.cli.document_sources import Item, SourcedDocument, UnreadableItem
from shared.cli.ingestion import ItemError, ingest


class Store:
    """The API's side of an upsert: refuses documents whose id begins with `bad`, as the API would."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.sizes: list[int] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        documents = json.loads(request.content)["documents"]
        self.batches.append([document["id"] for document in documents])
        self.sizes.append(len(request.content))
        problem = {"field": "id", "message": "is bad"}
        bad = [index for index, document in enumerate(documents) if str(document["id"]).startswith("bad")]
        if len(bad) == len(documents):
            details = [{**problem, "index": index} for index in bad]
            error = {"code": "invalid_documents", "message": "None.", "type": "x", "details": details}
            return httpx.Response(422, json={"error": error})
        return httpx.Response(
            200, json={"items": [self._item(index, index in bad) for index in range(len(documents))]}
        )

    def _item(self, index: int, is_bad: bool) -> dict[str, object]:
        if not is_bad:
            return {"index": index, "id": "x", "status": "created", "error": None}
        details = [{"field": "id", "message": "is bad"}] if index % 2 == 0 else []
        error = {"code": "invalid_request", "message": "It is bad.", "details": details}
        return {"index": index, "id": "bad", "status": "failed", "error": error}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def api(store: Store) -> ConcordApi:
    transport = httpx.MockTransport(store.answer)
    return ConcordApi(httpx.AsyncClient(transport=transport, base_url="http://concord"))


def document(name: str | int, body: str = "") -> Item:
    return SourcedDocument(f"source of {name}", {"id": name, "body": body})


async def test_documents_go_in_batches(api: ConcordApi, store: Store) -> None:
    steps: list[int] = []
    items = (document(str(number)) for number in range(1_001))
    report = await ingest(api, "c", items, steps.append)
    assert [len(batch) for batch in store.batches] == [500, 500, 1]
    assert steps == [500, 1_000, 1_001]
    assert report.as_json() == {"created": 1_001, "updated": 0, "unchanged": 0, "failed": 0, "errors": []}


async def test_batches_stay_below_the_limit(api: ConcordApi, store: Store) -> None:
    body = "ü" * 200_000
    await ingest(api, "c", [document(str(number), body) for number in range(10)], lambda _: None)
    assert [len(batch) for batch in store.batches] == [4, 4, 2]
    assert max(store.sizes) < 5_000_000


async def test_what_is_too_large_fails_alone(api: ConcordApi, store: Store) -> None:
    items = [document("a"), document("large", "x" * 5_000_000), document("b")]
    report = await ingest(api, "c", items, lambda _: None)
    assert store.batches == [["a", "b"]]
    assert report.errors == [ItemError("source of large", "large", "has more than 5 MB")]


async def test_what_cannot_be_read_is_reported(api: ConcordApi, store: Store) -> None:
    def items() -> Iterator[Item]:
        yield UnreadableItem("x:1", "not JSON")
        yield document("a")

    report = await ingest(api, "c", items(), lambda _: None)
    assert (store.batches, report.errors) == ([["a"]], [ItemError("x:1", None, "not JSON")])


async def test_a_refused_document_is_told_by_its_source(api: ConcordApi) -> None:
    items = [document("bad-0"), document("bad-1"), document("a")]
    report = await ingest(api, "c", items, lambda _: None)
    assert report.counts == {"created": 1}
    assert report.errors == [
        ItemError("source of bad-0", "bad", "id: is bad"),
        ItemError("source of bad-1", "bad", "It is bad."),
    ]


async def test_a_batch_of_refused_documents_is_told_one_by_one(api: ConcordApi) -> None:
    report = await ingest(api, "c", [document("bad")], lambda _: None)
    assert report.errors == [ItemError("source of bad", "bad", "id: is bad")]


async def test_other_refusals_end_it() -> None:
    error = {"code": "unauthenticated", "message": "A key is needed.", "type": "x", "details": []}
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json={"error": error}))
    api = ConcordApi(httpx.AsyncClient(transport=transport, base_url="http://concord"))
    with pytest.raises(ApiError, match="A key is needed"):
        await ingest(api, "c", [document("a")], lambda _: None)


async def test_an_id_that_is_no_text_is_not_claimed() -> None:
    large = document(7, "x" * ingestion.BYTES_PER_BATCH)
    transport = httpx.MockTransport(lambda _: httpx.Response(500))
    api = ConcordApi(httpx.AsyncClient(transport=transport, base_url="http://concord"))
    report = await ingest(api, "c", [large], lambda _: None)
    assert report.errors == [ItemError("source of 7", None, "has more than 5 MB")]
