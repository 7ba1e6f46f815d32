import pytest

from shared.domain.maintenance import MaintainRequest
from shared.errors import InvalidRequest


@pytest.mark.parametrize("identifier", [None, "JKJaXmPLvHcESHA="])
def test_a_message_says_what_the_request_says(identifier: str | None) -> None:
    request = MaintainRequest(identifier)
    assert MaintainRequest.from_message(request.to_message()) == request


def test_a_message_is_small() -> None:
    assert MaintainRequest().to_message() == '{"maintain":"indexes"}'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{secret",
        "[]",
        "null",
        "{}",
        '{"maintain": "secret"}',
        '{"maintain": "indexes", "secret": 1}',
        '{"maintain": "indexes", "correlation_id": "secret id"}',
        '{"maintain": "indexes", "correlation_id": 1}',
    ],
)
def test_a_malformed_message_is_refused_without_being_quoted(body: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        MaintainRequest.from_message(body)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
