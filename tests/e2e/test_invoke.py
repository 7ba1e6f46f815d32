"""`concord invoke`: a function's own handler, with a Lambda event and context."""

import json
from pathlib import Path

import pytest

from shared.local.lambda_calls import http_event
from tests.builders.command_line import concord, concord_apart


def test_a_function_answers_as_on_lambda(project: Path) -> None:
    concord_apart("ingest", "-", "-c", "invoked", folder=project)
    body = json.dumps({"q": "dogs", "mode": "keyword"})
    path = "/v1/collections/invoked/search"
    answered = concord_apart(
        "invoke", "documents_search", "--method", "POST", "--path", path, "--body", body, folder=project
    )
    assert answered.code == 0, answered.said
    assert answered.json["statusCode"] == 200
    assert answered.json["isBase64Encoded"] is False
    assert json.loads(answered.json["body"])["hits"] == []


def test_a_schedule_and_a_deployment_are_events_too(project: Path) -> None:
    maintained = concord_apart("invoke", "indexes_maintain", folder=project)
    assert (maintained.code, maintained.json["complete"]) == (0, True)
    migrated = concord_apart("invoke", "database_migrate", folder=project)
    assert (migrated.code, migrated.json["applied"]) == (0, [])


def test_what_needs_no_database_starts_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answered = concord("invoke", "health_get")
    assert json.loads(answered.json["body"]) == {"status": "ok"}
    assert not (tmp_path / ".concord").exists()


def test_an_event_is_read_from_a_file_or_standard_input(tmp_path: Path) -> None:
    event = json.dumps(http_event("GET", "/health"))
    (tmp_path / "event.json").write_text(event)
    for source, stdin in ((str(tmp_path / "event.json"), None), ("-", event.encode())):
        assert concord("invoke", "health_get", "--event", source, stdin=stdin).json["statusCode"] == 200


def test_a_request_is_made_from_its_parts() -> None:
    assert concord("invoke", "health_get", "--path", "/health").json["statusCode"] == 200
    refused = concord("invoke", "health_get", "--path", "/health", "--body", "{}").json
    assert (refused["statusCode"], json.loads(refused["body"])["error"]["code"]) == (
        405,
        "method_not_allowed",
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("documents_get",), "this function answers GET"),
        (("health_get", "--method", "GET"), "a path"),
        (("health_get", "--event", "-", "--path", "/health"), "its own method"),
        (("health_get", "--event", "missing.json"), "No such file"),
        (("health_get", "--event", "-"), "is not JSON"),
    ],
)
def test_a_wrong_use_has_exit_code_two(arguments: tuple[str, ...], told: str) -> None:
    wrong = concord("invoke", *arguments, stdin=b"{")
    assert (wrong.code, wrong.out) == (2, "")
    assert told in " ".join(wrong.said.split())


def test_an_unknown_function_is_told_with_the_known_ones() -> None:
    unknown = concord("invoke", "documents_find")
    assert (unknown.code, unknown.out) == (1, "")
    assert "There is no function documents_find; there are: health_get, " in unknown.said
