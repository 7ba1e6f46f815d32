"""What `concord search` asks a deployed Concord for, and what it shows."""

import inspect
import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from shared.cli.application import app
from shared.cli.search import search
from shared.domain.search import SearchRequest
from tests.builders.deployment import Deployment

HIT = {
    "document": {"id": "one", "title": "Cats"},
    "score": 0.9,
    "passages": [{"text": "a cat", "highlight": "a <mark>cat</mark>", "snippet": None, "heading": None}],
}
FACET = {"values": [{"value": "pet", "count": 3}], "distinct": 1, "stats": None}
ANSWER = {
    "hits": [HIT],
    "found": 1,
    "found_exact": True,
    "facets": {"kind": FACET},
    "mode": "hybrid",
    "degraded": [],
    "took_ms": 2,
}


def run(deployment: Deployment, *arguments: str) -> Result:
    deployment.answer(200, ANSWER)
    done = CliRunner().invoke(app, ["search", "-c", "pets", "--url", deployment.url, *arguments])
    assert done.exit_code == 0, done.output
    return done


def asked(deployment: Deployment) -> Any:
    return json.loads(deployment.asked[-1][3])


def test_only_what_is_given_is_asked_for(deployment: Deployment) -> None:
    run(deployment, "cats")
    assert asked(deployment) == {"q": "cats", "mode": "hybrid", "limit": 10, "explain": False}
    run(deployment)
    assert asked(deployment)["q"] == ""


def test_every_option_is_a_field_of_the_request(deployment: Deployment) -> None:
    arguments = [
        *("cats", "--mode", "keyword", "--alpha", "0", "--fusion", "rrf", "--no-typos", "--prefix"),
        *(
            "--filter",
            "a = 1",
            "--sort",
            "year:desc",
            "--sort",
            "title",
            "--facet",
            "kind",
            "--facet",
            "year",
        ),
        *("--facet-limit", "5", "--facet-query", "kind:p", "--group-by", "author", "--group-size", "2"),
        *("--limit", "7", "--offset", "3", "--min-score", "0.5", "--passages", "0", "--no-highlight"),
        *("--snippet-words", "20", "--cutoff-ms", "50", "--explain"),
    ]
    run(deployment, *arguments)
    sent = asked(deployment)
    assert sent == {
        "q": "cats",
        "mode": "keyword",
        "alpha": 0,
        "fusion": "rrf",
        "typos": False,
        "prefix": True,
        "filter": "a = 1",
        "sort": ["year:desc", "title"],
        "facets": ["kind", "year"],
        "facet_limit": 5,
        "facet_query": "kind:p",
        "group_by": "author",
        "group_size": 2,
        "limit": 7,
        "offset": 3,
        "min_score": 0.5,
        "passages": 0,
        "highlight": False,
        "snippet_words": 20,
        "cutoff_ms": 50,
        "explain": True,
    }
    assert SearchRequest.model_validate(sent).model_fields_set == sent.keys()
    # All of them were given.
    assert len(sent) == len(inspect.signature(search).parameters) - len(["collection", "url", "as_json"])


@pytest.mark.parametrize(
    ("option", "value"),
    [("--alpha", "1.1"), ("--limit", "101"), ("--cutoff-ms", "0"), ("--fusion", "sum"), ("--mode", "x")],
)
def test_what_no_server_takes_is_not_sent(deployment: Deployment, option: str, value: str) -> None:
    done = CliRunner().invoke(app, ["search", "x", "-c", "pets", "--url", deployment.url, option, value])
    assert (done.exit_code, deployment.asked) == (2, [])


def test_hits_and_facets_are_shown(deployment: Deployment) -> None:
    shown = run(deployment, "cats", "--facet", "kind").stdout
    assert "Cats" in shown
    assert shown.index("Cats") < shown.index("kind") < shown.index("pet")


def test_json_is_the_answer_itself(deployment: Deployment) -> None:
    assert json.loads(run(deployment, "cats", "--json").stdout) == ANSWER
