from pathlib import Path

import pytest

from tests.benchmarks.peers.choice import PACKAGES, PEERS, missing, require
from tests.benchmarks.search import parse


def test_every_peer_is_measured_unless_others_are_named() -> None:
    assert parse([]).peers == list(PEERS)
    assert parse(["--peers", "lancedb,by-hand"]).peers == ["lancedb", "by-hand"]
    assert parse(["--no-peers"]).peers == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--peers", "lancedb,solr"], "no such peer: solr"),
        (["--plot-from", "run.json"], "--plot-from needs --plot"),
        (["--peers", "lancedb", "--no-peers"], "not allowed with"),
    ],
)
def test_what_cannot_be_is_a_matter_of_usage(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(given)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_only_packages_that_are_there_are_not_missing() -> None:
    assert missing(["json", "no_such_package"]) == ["no_such_package"]
    require(["json"], "tests.benchmarks.search")


def test_without_uv_it_says_what_installs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        require(["no_such_package"], "tests.benchmarks.search")
    assert ended.value.code == 2
    assert "Not installed: no_such_package. `uv sync --group peers` installs" in capsys.readouterr().err


def test_a_run_is_started_again_only_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uv, started = tmp_path / "uv", tmp_path / "started"
    uv.write_text(f'#!/bin/sh\necho "$@" >> {started}\n')
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CONCORD_BENCHMARK_WITH_PEERS", "1")
    with pytest.raises(SystemExit):
        require(["no_such_package"], "tests.benchmarks.search")
    assert not started.exists()
    assert "no_such_package" in capsys.readouterr().err


def test_the_packages_of_every_peer_are_known() -> None:
    assert set(PACKAGES) == set(PEERS) - {"by-hand"}
