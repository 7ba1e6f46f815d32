"""Documents: stored, shown, listed, changed and deleted."""

from typing import Any

import pytest

from tests.builders.events import answer, error_answer, http_event, usage_of
from tests.builders.functions import TIME_OF_ANY, Functions
from tests.functions.conftest import Upsert

DOCUMENTS = "/v1/collections/guides/documents"
UNCACHED = {"x-cache": "bypass"}


def shown(id: str, **changes: Any) -> dict[str, Any]:  # noqa: A002 - its field's name
    return {
        "id": id,
        "title": None,
        "body": "",
        "url": None,
        "metadata": {},
        "page_starts": [],
        "created_at": TIME_OF_ANY,
        "updated_at": TIME_OF_ANY,
        "expires_at": None,
        "expires_by_ttl": False,
        "readers": None,
        "embedding_state": "ready",
        "embedding_error": None,
        **changes,
    }


def items(*statuses: tuple[str, str]) -> dict[str, Any]:
    listed = [
        {"index": index, "id": name, "status": status, "error": None}
        for index, (name, status) in enumerate(statuses)
    ]
    written = sum(status in {"created", "updated"} for _, status in statuses)
    return answer(200, {"items": listed, "errors": 0, "usage": usage_of(documents_written=written)})


def no_document(id: str) -> dict[str, Any]:  # noqa: A002 - its field's name
    return error_answer(
        404,
        "document_not_found",
        "There is no document with that id in the collection.",
        "not_found",
        [{"field": "id", "message": f"no {id}"}],
    )


def no_collection(name: str) -> dict[str, Any]:
    return error_answer(
        404,
        "collection_not_found",
        "There is no collection of that name.",
        "not_found",
        [{"field": "collection", "message": f"no {name}"}],
    )


def get(functions: Functions, id: str) -> dict[str, Any]:  # noqa: A002 - its field's name
    return functions("documents_get", http_event("GET", f"{DOCUMENTS}/{id}"))


def list_(functions: Functions, query: str = "") -> dict[str, Any]:
    return functions("documents_list", http_event("GET", DOCUMENTS, query=query))


def patch(functions: Functions, id: str, change: object) -> dict[str, Any]:  # noqa: A002 - its field's name
    return functions("documents_update", http_event("PATCH", f"{DOCUMENTS}/{id}", change))


def test_documents_are_created_updated_and_left_alone(functions: Functions, guides: Upsert) -> None:
    whole: dict[str, Any] = {
        "id": "a:1~x@y=z+w.v_u-t",
        "title": "Cats",
        "body": "Cats sit.\n",
        "url": "https://example.com/cats",
        "metadata": {"n": 1.5, "tags": ["x", None], "deep": {"er": True}, "": 0},
    }
    assert guides(whole, {"id": "b"}) == items((whole["id"], "created"), ("b", "created"))
    expected = shown(**whole, embedding_state="pending")
    assert get(functions, "a:1~x@y=z+w.v_u-t") == answer(200, expected, **UNCACHED)
    assert get(functions, "b") == answer(200, shown("b"), **UNCACHED)
    assert guides(whole, {"id": "b", "url": "u"}) == items((whole["id"], "unchanged"), ("b", "updated"))
    assert get(functions, "b") == answer(200, shown("b", url="u"), **UNCACHED)
    assert guides({"id": "b"}) == items(("b", "updated"))
    assert get(functions, "b") == answer(200, shown("b"), **UNCACHED)


def test_the_good_documents_of_a_batch_are_stored_and_the_bad_ones_listed(
    functions: Functions, guides: Upsert
) -> None:
    stored = guides(
        {"id": "a", "body": "first"},
        {"id": "a", "body": "second"},
        {"id": "b c"},
        {"id": "d", "body": None, "size": 3},
        {"body": "nameless"},
        {"id": "e"},
    )

    def failed(index: int, id: str | None, *details: dict[str, str]) -> dict[str, Any]:  # noqa: A002
        error = {
            "code": "invalid_request",
            "message": "The request does not have the expected form.",
            "type": "invalid_request",
            "details": list(details),
        }
        return {"index": index, "id": id, "status": "failed", "error": error}

    pattern = "String should match pattern '^[A-Za-z0-9._~:@=+-]{1,256}$'"
    assert stored == answer(
        207,
        {
            "items": [
                {"index": 0, "id": "a", "status": "created", "error": None},
                failed(
                    1, "a", {"field": "id", "message": "stands in this batch already; the first one counts"}
                ),
                failed(2, "b c", {"field": "id", "message": pattern}),
                failed(
                    3,
                    "d",
                    {"field": "body", "message": "Input should be a valid string"},
                    {"field": "size", "message": "Extra inputs are not permitted"},
                ),
                failed(4, None, {"field": "id", "message": "Field required"}),
                {"index": 5, "id": "e", "status": "created", "error": None},
            ],
            "errors": 4,
            "usage": usage_of(documents_written=2),
        },
    )
    listed = list_(functions)["body"]
    assert [(document["id"], document["body"]) for document in listed["documents"]] == [
        ("a", "first"),
        ("e", ""),
    ]


def test_a_batch_without_a_good_document_is_refused(functions: Functions, guides: Upsert) -> None:
    refused = guides({"id": ""}, {"id": "a", "metadata": []})
    assert refused == error_answer(
        422,
        "invalid_documents",
        "None of the documents could be stored.",
        "invalid_request",
        [
            {
                "field": "id",
                "message": "String should match pattern '^[A-Za-z0-9._~:@=+-]{1,256}$'",
                "index": 0,
            },
            {"field": "metadata", "message": "Input should be a valid dictionary", "index": 1},
        ],
    )
    assert list_(functions)["body"]["documents"] == []


def test_documents_are_listed_by_id_a_page_at_a_time(functions: Functions, guides: Upsert) -> None:
    guides(*({"id": name, "body": name} for name in ("b", "B", "a", "~", "0", "a.b")))
    in_order = ["0", "B", "a", "a.b", "b", "~"]
    expected = [shown(name, body=name, embedding_state="pending") for name in in_order]
    assert list_(functions) == answer(200, {"documents": expected, "cursor": None}, **UNCACHED)
    ids, query = [], "limit=4"
    for count in (4, 2):
        page = list_(functions, query)["body"]
        assert len(page["documents"]) == count
        ids += [document["id"] for document in page["documents"]]
        query = f"limit=4&cursor={page['cursor']}"
    assert ids == in_order
    assert page["cursor"] is None


def test_a_list_may_be_filtered(functions: Functions, guides: Upsert) -> None:
    guides(*({"id": str(year), "metadata": {"year": year}} for year in range(2018, 2024)), {"id": "none"})
    page = list_(functions, "filter=year%20%3E%3D%202020&limit=3")["body"]
    assert [document["id"] for document in page["documents"]] == ["2020", "2021", "2022"]
    rest = list_(functions, f"filter=year%3E%3D2020&limit=3&cursor={page['cursor']}")["body"]
    assert [document["id"] for document in rest["documents"]] == ["2023"]
    assert rest["cursor"] is None


@pytest.mark.parametrize("field", ["body", "metadata"])
def test_a_page_never_passes_what_lambda_can_answer(functions: Functions, guides: Upsert, field: str) -> None:
    # What JSON escapes takes twice the bytes.
    body, metadata = "\n" * 700_000 + "x", {"text": "y" * 95_000}
    heavy: dict[str, Any] = {"body": body} if field == "body" else {"metadata": metadata}
    count, at_once = (5, 3) if field == "body" else (60, 30)
    for start in range(0, count, at_once):
        ids = range(start, min(count, start + at_once))
        assert guides(*({"id": f"d{number:02}", **heavy} for number in ids))["statusCode"] == 200
    ids_found: list[str] = []
    query = "limit=100"
    for _ in range(count):
        page = functions("documents_list", http_event("GET", DOCUMENTS, query=query), raw=True)
        assert len(page["body"].encode()) < 5_000_000
        parsed = list_(functions, query)["body"]
        ids_found += [document["id"] for document in parsed["documents"]]
        if parsed["cursor"] is None:
            break
        query = f"limit=100&cursor={parsed['cursor']}"
    assert ids_found == [f"d{number:02}" for number in range(count)]


def test_a_deleted_document_is_gone(functions: Functions, guides: Upsert) -> None:
    guides({"id": "a", "body": "Cats sit."}, {"id": "b"})
    delete = http_event("DELETE", f"{DOCUMENTS}/a")
    assert functions("documents_delete", delete) == answer(204, None)
    assert functions("documents_delete", delete) == no_document("a")
    assert get(functions, "a") == no_document("a")
    assert patch(functions, "a", {"title": "A"}) == no_document("a")
    assert [document["id"] for document in list_(functions)["body"]["documents"]] == ["b"]
    assert guides({"id": "a", "body": "Cats sit."}) == items(("a", "created"))


def deleted(count: int) -> dict[str, Any]:
    return answer(200, {"deleted": count, "exact": True, "purged": True})


def test_documents_are_deleted_by_filter(functions: Functions, guides: Upsert) -> None:
    guides(*({"id": str(year), "metadata": {"year": year}} for year in range(2018, 2024)))
    event = http_event("POST", f"{DOCUMENTS}/delete", {"filter": "year < 2020 OR year = 2023"})
    assert functions("documents_delete_by_filter", event) == answer(
        200, {"deleted": 3, "exact": True, "purged": True}
    )
    assert functions("documents_delete_by_filter", event) == answer(
        200, {"deleted": 0, "exact": True, "purged": True}
    )
    assert [document["id"] for document in list_(functions)["body"]["documents"]] == ["2020", "2021", "2022"]


@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("documents_upsert", "POST", "documents", {"documents": [{"id": "a"}]}),
        ("documents_list", "GET", "documents", None),
        ("documents_get", "GET", "documents/a", None),
        ("documents_update", "PATCH", "documents/a", {"title": "A"}),
        ("documents_delete", "DELETE", "documents/a", None),
        ("documents_delete_by_filter", "POST", "documents/delete", {"filter": "a = 1"}),
        ("documents_search", "POST", "search", {"q": "cats"}),
        ("documents_search", "POST", "search", {"q": "cats", "mode": "keyword", "filter": "a = 1"}),
        ("documents_search", "POST", "search", {"q": "cats", "mode": "semantic"}),
    ],
)
def test_without_the_collection_nothing_is_done(
    functions: Functions, name: str, method: str, path: str, body: object
) -> None:
    answered = functions(name, http_event(method, f"/v1/collections/nowhere/{path}", body))
    assert answered == no_collection("nowhere")
