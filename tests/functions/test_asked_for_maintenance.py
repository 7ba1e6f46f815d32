"""Where MAINTAIN_QUEUE_URL is set, writes ask for the maintenance that no schedule does."""

import uuid
from collections.abc import Callable

import pytest

from shared.domain.maintenance import MaintainRequest
from shared.queues.in_process import in_process_queue
from tests.builders.events import Event, http_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert

COLLECTION = "/v1/collections/guides"
DOCUMENTS = f"{COLLECTION}/documents"

type Asked = Callable[[], list[MaintainRequest]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What has been asked for since it was last asked."""
    url = f"in-process:{uuid.uuid4()}"
    monkeypatch.setenv("MAINTAIN_QUEUE_URL", url)
    queue = in_process_queue(url)

    def take() -> list[MaintainRequest]:
        bodies, queue._messages = list(queue._messages), type(queue._messages)()
        return [MaintainRequest.from_message(body) for body in bodies]

    return take


def request_of(event: Event) -> MaintainRequest:
    return MaintainRequest(event["requestContext"]["requestId"])


def test_each_write_asks_once(functions: Functions, asked: Asked, guides: Upsert) -> None:
    documents = [{"id": f"d{number}", "body": f"River {number}."} for number in range(600)]
    # Stored in two groups.
    store = http_event("POST", DOCUMENTS, {"documents": documents})
    change = http_event("PATCH", f"{DOCUMENTS}/d0", {"body": "A harbour."})
    delete = http_event("DELETE", f"{DOCUMENTS}/d0")
    guides({"id": "dated", "body": "Old.", "metadata": {"year": 1}})
    assert len(asked()) == 1
    delete_old = http_event("POST", f"{DOCUMENTS}/delete", {"filter": "year < 2"})
    drop = http_event("DELETE", COLLECTION)
    for name, event in (
        ("documents_upsert", store),
        ("documents_update", change),
        ("documents_delete", delete),
        ("documents_delete_by_filter", delete_old),
        ("collections_delete", drop),
    ):
        assert functions(name, event)["statusCode"] in {200, 204}, name
        assert asked() == [request_of(event)], name


def test_what_leaves_nothing_to_do_asks_for_nothing(
    functions: Functions, asked: Asked, guides: Upsert
) -> None:
    document = {"id": "a", "body": "A river.", "metadata": {"year": 1}}
    guides(document)
    asked()
    guides(document)
    guides({**document, "metadata": {"year": 2}})
    for name, event, status in (
        ("documents_update", http_event("PATCH", f"{DOCUMENTS}/a", {"url": "https://example.com/"}), 200),
        ("documents_update", http_event("PATCH", f"{DOCUMENTS}/b", {"body": "x"}), 404),
        ("documents_delete", http_event("DELETE", f"{DOCUMENTS}/b"), 404),
        (
            "documents_delete_by_filter",
            http_event("POST", f"{DOCUMENTS}/delete", {"filter": "year < 1"}),
            200,
        ),
        ("collections_delete", http_event("DELETE", "/v1/collections/nothing"), 404),
    ):
        assert functions(name, event)["statusCode"] == status
    assert asked() == []


def test_without_the_setting_nothing_is_asked(
    functions: Functions, asked: Asked, guides: Upsert, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAINTAIN_QUEUE_URL")
    guides({"id": "a", "body": "A river."})
    assert functions("documents_delete", http_event("DELETE", f"{DOCUMENTS}/a"))["statusCode"] == 204
    assert asked() == []
