"""GET /health."""

import pytest

from tests.builders.events import answer, error_answer, http_event
from tests.builders.functions import Functions


def test_answers_without_a_database(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    assert functions("health_get", http_event("GET", "/health")) == answer(200, {"status": "ok"})


def test_answers_to_everybody_in_production(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    event = http_event("GET", "/health", headers={"authorization": "Bearer wrong"})
    assert functions("health_get", event) == answer(200, {"status": "ok"})


def test_other_addresses_and_methods_are_refused(functions: Functions) -> None:
    nowhere = functions("health_get", http_event("GET", "/healthy"))
    assert nowhere == error_answer(404, "not_found", "There is nothing at this address.", "not_found")
    other_method = functions("health_get", http_event("POST", "/health", {}))
    assert other_method == error_answer(
        405, "method_not_allowed", "This address does not answer that method.", "invalid_request", allow="GET"
    )
