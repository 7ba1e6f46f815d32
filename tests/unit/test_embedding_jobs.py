import json

import pytest

from shared.domain.embedding_jobs import MOST_DOCUMENTS_IN_A_REQUEST, EmbedRequest
from shared.errors import InvalidRequest


def test_a_message_says_what_the_request_says() -> None:
    request = EmbedRequest(7, (1, 2**63 - 1))
    assert request.to_message() == '{"collection_id":7,"document_numbers":[1,9223372036854775807]}'
    assert EmbedRequest.from_message(request.to_message()) == request
    told = EmbedRequest(7, (1,), "JKJaXmPLvHcESHA=")
    assert (
        told.to_message() == '{"collection_id":7,"document_numbers":[1],"correlation_id":"JKJaXmPLvHcESHA="}'
    )
    assert EmbedRequest.from_message(told.to_message()) == told


def test_ten_of_the_largest_requests_are_one_batch_of_sqs() -> None:
    largest = EmbedRequest(2**63 - 1, (2**63 - 1,) * MOST_DOCUMENTS_IN_A_REQUEST, "x" * 128)
    assert 10 * len(largest.to_message()) < 256 * 1024


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{secret",
        "[]",
        '"text"',
        "null",
        "{}",
        '{"collection_id": 1}',
        '{"document_numbers": [1]}',
        '{"collection_id": 1, "document_numbers": 1}',
        '{"collection_id": 1, "document_numbers": "12"}',
        '{"collection_id": 1, "document_numbers": [1], "secret": 1}',
        '{"collection_id": 1, "document_numbers": [1], "correlation_id": "secret id"}',
        '{"collection_id": 1, "document_numbers": [1], "correlation_id": 1}',
        '{"collection_id": "1", "document_numbers": [1]}',
        '{"collection_id": 0, "document_numbers": [1]}',
        '{"collection_id": true, "document_numbers": [1]}',
        '{"collection_id": 1, "document_numbers": [1.0]}',
        '{"collection_id": 1, "document_numbers": [null]}',
        '{"collection_id": 1, "document_numbers": [-1]}',
        '{"collection_id": 1, "document_numbers": [9223372036854775808]}',
    ],
)
def test_a_malformed_message_is_refused_without_being_quoted(body: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        EmbedRequest.from_message(body)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_request_does_not_name_too_many() -> None:
    numbers = list(range(1, MOST_DOCUMENTS_IN_A_REQUEST + 2))
    body = json.dumps({"collection_id": 1, "document_numbers": numbers})
    with pytest.raises(InvalidRequest, match="at most 1000 documents"):
        EmbedRequest.from_message(body)
