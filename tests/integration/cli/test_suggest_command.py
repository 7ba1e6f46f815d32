"""What `concord suggest` asks a deployed Concord for, and what it shows."""

import json
from urllib.parse import parse_qs, urlsplit

from typer.testing import CliRunner, Result

from shared.cli.application import app
from tests.builders.deployment import Deployment

ANSWER = {
    "suggestions": [
        {"text": "a & password", "highlight": "a &amp; pass<mark>word</mark>", "documents": 12},
        {"text": "a & passport", "highlight": "a &amp; pass<mark>port</mark>", "documents": 3},
    ],
    "documents": [{"id": "one", "title": "Reset a [password]", "url": None}],
    "took_ms": 1.5,
}


def run(deployment: Deployment, *arguments: str) -> Result:
    deployment.answer(200, ANSWER)
    return CliRunner().invoke(app, ["suggest", "-c", "guides", "--url", deployment.url, *arguments])


def test_what_is_typed_is_asked_for(deployment: Deployment) -> None:
    done = run(deployment, "a & päss", "--limit", "3", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, ANSWER)
    method, path = deployment.asked[-1][:2]
    assert (method, urlsplit(path).path) == ("GET", "/v1/collections/guides/suggest")
    assert parse_qs(urlsplit(path).query) == {"q": ["a & päss"], "limit": ["3"]}


def test_suggestions_and_titles_are_shown(deployment: Deployment) -> None:
    shown = run(deployment, "a & [pass")
    assert shown.exit_code == 0, shown.output
    for text in (
        "a & [pass",
        "a & password",
        "12",
        "a & passport",
        "Reset a [password]",
        "one",
        "2 suggested",
    ):
        assert text in shown.stdout


def test_a_limit_that_cannot_be(deployment: Deployment) -> None:
    assert run(deployment, "pass", "--limit", "51").exit_code == 2
    assert deployment.asked == []
