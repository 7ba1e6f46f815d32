"""Input that nobody should send: refused with a code and the field, and nothing is half written."""

import asyncio
import json
from typing import Any

import pytest

from functions.documents_upsert.handler import handler as documents_upsert
from functions.documents_upsert.settings import Settings
from shared.config import load_settings
from shared.errors import InvalidRequest
from shared.http.application import build_application
from tests.builders.events import LambdaContext, error_answer, http_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert

DOCUMENTS = "/v1/collections/guides/documents"
TEXT_OF_BATCH = '{{"documents": [{{"id": "good"}}, {document}, {{"id": "also-good"}}]}}'
TOO_LARGE = error_answer(
    413,
    "payload_too_large",
    "A request may have 5 MB at most; send the documents in several.",
    "invalid_request",
    [{"field": "body", "message": "over 5 MB"}],
)
MALFORMED = error_answer(
    400,
    "malformed_body",
    "The request body is not valid JSON in UTF-8.",
    "invalid_request",
    [{"field": "body", "message": "not JSON in UTF-8"}],
)


def stored_ids(functions: Functions) -> list[str]:
    listed = functions("documents_list", http_event("GET", DOCUMENTS))["body"]
    return [document["id"] for document in listed["documents"]]


def nested(levels: int) -> str:
    return '{"a": ' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "{'documents': []}",
        '{"documents": [{"id": "a"}]',
        '{"documents": [{"id": "a", "body": "raw\nline"}]}',
        b'{"documents": [{"id": "a", "body": "\xff"}]}',
        b"\x80",
        b"\xfe\xff\xd8",
        "[" * 100_000,
        '{"documents": [{"id": "a", "metadata": ' + nested(100_000) + "}]}",
        '{"documents": [{"id": "a", "metadata": {"n": ' + "9" * 5_000 + "}}]}",
    ],
    ids=lambda body: repr(body[:40]),
)
@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("documents_upsert", "POST", DOCUMENTS),
        ("documents_update", "PATCH", f"{DOCUMENTS}/a"),
        ("documents_search", "POST", "/v1/collections/guides/search"),
        ("documents_delete_by_filter", "POST", f"{DOCUMENTS}/delete"),
        ("collections_create", "POST", "/v1/collections"),
        ("collections_update", "PATCH", "/v1/collections/guides"),
    ],
)
def test_a_body_that_is_not_json(
    functions: Functions, guides: Upsert, name: str, method: str, path: str, body: str | bytes
) -> None:
    guides({"id": "a"})
    assert functions(name, http_event(method, path, body)) == MALFORMED
    assert stored_ids(functions) == ["a"]


@pytest.mark.usefixtures("guides")
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_ten_megabytes(functions: Functions, announced: bool) -> None:
    body = '{"documents": [{"id": "a", "body": "' + "x" * 10_000_000 + '"}]}'
    headers = {"content-length": str(len(body))} if announced else {}
    event = http_event("POST", DOCUMENTS, body, headers=headers)
    assert functions("documents_upsert", event) == TOO_LARGE
    assert stored_ids(functions) == []


@pytest.mark.usefixtures("guides")
def test_the_largest_body_that_is_read(functions: Functions) -> None:
    around = len('{"documents": [{"id": "a", "url": ""}]}')
    for size, status in ((5_000_000, 422), (5_000_001, 413)):
        body = '{"documents": [{"id": "a", "url": "' + "x" * (size - around) + '"}]}'
        assert len(body) == size
        assert functions("documents_upsert", http_event("POST", DOCUMENTS, body))["statusCode"] == status


def test_a_body_that_streams_past_the_limit_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@localhost:1/none")
    application = build_application([documents_upsert.router], load_settings(Settings))
    sent: list[dict[str, Any]] = []
    pieces = iter([b'{"documents": ["', *(b"x" * 1_000_000 for _ in range(100))])
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": next(pieces), "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": DOCUMENTS,
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
    }
    asyncio.run(application(scope, receive, send))
    assert sent[0]["status"] == 413
    assert taken == 6


@pytest.mark.parametrize(
    ("document", "field", "id_shown"),
    [
        ('{"id": "a\\u0000"}', "id", "a\x00"),
        ('{"id": "a", "title": "\\u0000"}', "title", "a"),
        ('{"id": "a", "body": "x\\u0000"}', "body", "a"),
        ('{"id": "a", "url": "\\u0000x"}', "url", "a"),
        ('{"id": "a", "metadata": {"\\u0000": 1}}', "metadata", "a"),
        ('{"id": "a", "metadata": {"k": ["\\u0000"]}}', "metadata", "a"),
        ('{"id": "a\\ud800"}', "id", "a?"),
        ('{"id": "a", "title": "\\ud800"}', "title", "a"),
        ('{"id": "a", "body": "\\udfff\\ud800"}', "body", "a"),
        ('{"id": "a", "url": "\\ud800"}', "url", "a"),
        ('{"id": "a", "metadata": {"k": {"d": "\\ud800"}}}', "metadata", "a"),
        ('{"id": "a", "metadata": {"n": NaN}}', "metadata", "a"),
        ('{"id": "a", "metadata": {"n": [-Infinity]}}', "metadata", "a"),
        ('{"id": "a", "metadata": {"n": 1e999}}', "metadata", "a"),
        ('{"id": "a", "metadata": ' + nested(50) + "}", "metadata", "a"),
        ('{"id": "a", "metadata": ' + nested(500) + "}", "metadata", "a"),
        ('{"id": "a", "metadata": {"k": "' + "x" * 100_000 + '"}}', "metadata", "a"),
        ('{"id": "a", "metadata": {"' + "k" * 201 + '": 1}}', "metadata", "a"),
        (json.dumps({"id": "a", "metadata": {f"k{number}": 1 for number in range(201)}}), "metadata", "a"),
        ('{"id": "a", "metadata": 7}', "metadata", "a"),
        ('{"id": "a", "metadata": null}', "metadata", "a"),
        ('{"id": "a", "title": "' + "x" * 1_001 + '"}', "title", "a"),
        ('{"id": "a", "title": 7}', "title", "a"),
        ('{"id": "a", "url": "' + "x" * 2_001 + '"}', "url", "a"),
        ('{"id": "a", "body": ["x"]}', "body", "a"),
        ('{"id": "a", "body": null}', "body", "a"),
        ('{"id": "a", "text": "x"}', "text", "a"),
        ('{"id": "a", "\\ud800": "x"}', "document", "a"),
        ('{"id": ""}', "id", ""),
        ('{"id": "a b"}', "id", "a b"),
        ('{"id": "a/b"}', "id", "a/b"),
        ('{"id": "a%2Fb"}', "id", "a%2Fb"),
        ('{"id": "a\\n"}', "id", "a\n"),
        ('{"id": "caf\u00e9"}', "id", "caf\u00e9"),
        ('{"id": "' + "x" * 257 + '"}', "id", "x" * 256),
        ('{"id": 7}', "id", None),
        ('{"id": null}', "id", None),
        ("{}", "id", None),
        ("7", "document", None),
        ("null", "document", None),
        ("[[[[]]]]", "document", None),
    ],
    ids=lambda part: repr(part)[:50],
)
def test_a_bad_document_fails_alone(
    functions: Functions, guides: Upsert, document: str, field: str, id_shown: str | None
) -> None:
    guides({"id": "a", "body": "as it was"})
    body = TEXT_OF_BATCH.format(document=document)
    answered = functions("documents_upsert", http_event("POST", DOCUMENTS, body))
    assert answered["statusCode"] == 207
    good, bad, also_good = answered["body"]["items"]
    assert (good["status"], also_good["status"]) == ("created", "created")
    assert (bad["index"], bad["id"], bad["status"]) == (1, id_shown, "failed")
    assert bad["error"]["code"] == "invalid_request"
    assert [detail["field"] for detail in bad["error"]["details"]] == [field]
    assert answered["body"]["errors"] == 1
    assert stored_ids(functions) == ["a", "also-good", "good"]
    unchanged = functions("documents_get", http_event("GET", f"{DOCUMENTS}/a"))["body"]
    assert unchanged["body"] == "as it was"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "documents"),
        ({"documents": []}, "documents"),
        ({"documents": {}}, "documents"),
        ({"documents": [{"id": str(number)} for number in range(1_001)]}, "documents"),
        ({"documents": [{"id": "a"}], "wait": True}, "wait"),
        ([{"id": "a"}], "body"),
        ("7", "body"),
        ("null", "body"),
        (None, "body"),
        ("", "body"),
    ],
)
def test_what_is_no_batch(functions: Functions, guides: Upsert, body: object, field: str) -> None:
    guides({"id": "b"})
    refused = functions("documents_upsert", http_event("POST", DOCUMENTS, body))
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["code"] == "invalid_request"
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == [field]
    assert stored_ids(functions) == ["b"]


@pytest.mark.parametrize(
    "address", ["a%00", "a%20b", "a%0A", "%ED%A0%80", "%FF", "caf\u00e9", "a%3Fb", "a%25", "x" * 257]
)
@pytest.mark.parametrize(
    ("name", "method", "body"),
    [
        ("documents_get", "GET", None),
        ("documents_update", "PATCH", {"title": "A"}),
        ("documents_delete", "DELETE", None),
    ],
)
def test_an_address_with_an_id_that_none_can_have(
    functions: Functions, guides: Upsert, name: str, method: str, body: object, address: str
) -> None:
    guides({"id": "a"})
    for path, field in (
        (f"{DOCUMENTS}/{address}", "id"),
        (f"/v1/collections/{address}/documents/a", "collection"),
    ):
        refused = functions(name, http_event(method, path, body))
        assert refused["statusCode"] == 422
        assert refused["body"]["error"]["code"] == "invalid_request"
        assert [detail["field"] for detail in refused["body"]["error"]["details"]] == [field]


@pytest.mark.usefixtures("guides")
@pytest.mark.parametrize("address", ["a%2Fb", "a/b", ""])
def test_a_slash_makes_it_another_address(functions: Functions, address: str) -> None:
    nowhere = error_answer(404, "not_found", "There is nothing at this address.", "not_found")
    assert functions("documents_get", http_event("GET", f"{DOCUMENTS}/{address}")) == nowhere


@pytest.mark.usefixtures("guides")
@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("limit=0", "invalid_request", "limit"),
        ("limit=-1", "invalid_request", "limit"),
        ("limit=1000000000", "invalid_request", "limit"),
        ("limit=" + "9" * 5_000, "invalid_request", "limit"),
        ("limit=ten", "invalid_request", "limit"),
        ("cursor=zz", "invalid_cursor", "cursor"),
        ("cursor=%00", "invalid_cursor", "cursor"),
        ("cursor=%ED%A0%80", "invalid_cursor", "cursor"),
        ("cursor=YWZ0ZXI6AA", "invalid_cursor", "cursor"),
        ("cursor=YWZ0ZXI6_w", "invalid_cursor", "cursor"),
        ("cursor=" + "a" * 1_001, "invalid_request", "cursor"),
    ],
)
@pytest.mark.parametrize(
    ("name", "path"), [("documents_list", DOCUMENTS), ("collections_list", "/v1/collections")]
)
def test_a_page_that_cannot_be(
    functions: Functions, name: str, path: str, query: str, code: str, field: str
) -> None:
    refused = functions(name, http_event("GET", path, query=query))
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["code"] == code
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == [field]


@pytest.mark.usefixtures("guides")
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter=year%20%3D", "invalid_filter"),
        ("filter=", "invalid_filter"),
        ("filter=%20", "invalid_filter"),
        ("filter=%ED%A0%80", "invalid_filter"),
        ("filter=year%20%3D%201", "unknown_field"),
        ("filter=%00", "invalid_request"),
        ("filter=" + "a" * 10_001, "invalid_request"),
    ],
)
def test_a_list_with_a_filter_that_cannot_be(functions: Functions, query: str, code: str) -> None:
    refused = functions("documents_list", http_event("GET", DOCUMENTS, query=query))
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["code"] == code
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == ["filter"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        "text",
        None,
        {"Records": 5},
        {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "{}"}]},
        {"version": "1.0", "httpMethod": "GET", "path": "/health", "requestContext": {}},
        {"version": "2.0", "requestContext": {"http": None}},
    ],
    ids=repr,
)
def test_an_event_of_another_source_is_refused(event: Any) -> None:
    with pytest.raises(InvalidRequest, match="elsewhere than an HTTP API"):
        documents_upsert(event, LambdaContext("documents_upsert"))
