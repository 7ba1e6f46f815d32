"""What `concord alias` asks a deployed Concord for, and what it shows."""

import json

from typer.testing import CliRunner, Result

from shared.cli.application import app
from tests.builders.deployment import Deployment

GIVEN = {"alias": "books", "collection": "books_v2", "created_at": "2026-11-28", "updated_at": "2026-11-28"}
OTHER = {**GIVEN, "alias": "films", "collection": "films [new]"}


def run(deployment: Deployment, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["alias", *arguments, "--url", deployment.url])


def test_an_alias_is_given(deployment: Deployment) -> None:
    deployment.answer(200, GIVEN)
    done = run(deployment, "set", "books", "books_v2")
    assert (done.exit_code, done.stdout) == (0, "books -> books_v2\n")
    assert deployment.asked[-1][:2] == ("PUT", "/v1/aliases/books")
    deployment.answer(200, GIVEN)
    assert json.loads(run(deployment, "set", "books", "books_v2", "--json").stdout) == GIVEN


def test_all_pages_are_listed(deployment: Deployment) -> None:
    for _ in range(2):
        deployment.answer(200, {"aliases": [GIVEN], "cursor": "abc"})
        deployment.answer(200, {"aliases": [OTHER], "cursor": None})
    listed = run(deployment, "list")
    assert (listed.exit_code, listed.stdout) == (0, "books -> books_v2\nfilms -> films [new]\n")
    assert [asked[1] for asked in deployment.asked] == ["/v1/aliases", "/v1/aliases?cursor=abc"]
    assert json.loads(run(deployment, "list", "--json").stdout) == {"aliases": [GIVEN, OTHER]}


def test_an_alias_is_taken_away(deployment: Deployment) -> None:
    deployment.answer(204, None)
    done = run(deployment, "remove", "books")
    assert (done.exit_code, done.stdout) == (0, "")
    assert deployment.asked[-1][:2] == ("DELETE", "/v1/aliases/books")
