"""What `concord embeddings` asks a deployed Concord for while it waits."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from shared.cli import embedding_change
from shared.cli.application import app
from tests.builders.deployment import Deployment


def embedding(state: str) -> dict[str, Any]:
    return {"chunks": 3, "change": {"state": state, "new_vectors": 0 if state == "backfilling" else 3}}


def test_workers_that_have_ended_are_woken_again(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding_change, "_WAKE_SECONDS", 0.0)
    deployment.answer(202, {"embedding": embedding("backfilling")})
    deployment.answer(202, {"embedding": embedding("backfilling")})
    deployment.answer(200, embedding("complete"))
    command = [
        "embeddings",
        "start",
        "-c",
        "guides",
        "--model",
        "new",
        "--dimensions",
        "3",
        "--wait",
        "--json",
    ]
    done = CliRunner().invoke(app, [*command, "--url", deployment.url])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == embedding("complete")
    path = "/v1/collections/guides/embedding"
    assert [asked[:2] for asked in deployment.asked] == [("POST", path), ("POST", path), ("GET", path)]
