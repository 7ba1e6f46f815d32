"""`concord demo`, on the first few of the installed packages."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import httpx
import pytest

from shared.cli import demonstration
from shared.cli.document_sources import SourcedDocument, UnreadableItem
from shared.cli.installed_packages import installed_readmes
from tests.builders.command_line import concord

PACKAGES = 4


@pytest.fixture(autouse=True)
def _few_packages(laptop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def few() -> Iterator[SourcedDocument]:
        return islice(installed_readmes(), PACKAGES)

    assert laptop.is_dir()
    monkeypatch.setattr(demonstration, "installed_readmes", few)


def test_it_shows_three_searches_and_stops() -> None:
    shown = concord("demo", "--once")
    assert shown.code == 0
    for kind in ("By meaning", "By words", "By both"):
        assert kind in shown.out
    for step in ("starting Postgres", "storing the READMEs", "embedding", "three searches", "in all"):
        assert step in shown.said


def test_a_second_run_changes_nothing() -> None:
    concord("demo", "--once")
    report = concord("demo", "--once", "--json").json
    assert (report["documents"], report["unchanged"]) == (PACKAGES, PACKAGES)
    assert "created" not in report
    assert [search["request"]["mode"] for search in report["searches"]] == ["semantic", "keyword", "hybrid"]
    assert all(search["response"]["degraded"] == [] for search in report["searches"])
    assert len(report["seconds"]) == 4


def test_it_serves_until_interrupted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    answers: list[int] = []

    def ask_and_interrupt() -> None:
        for _ in range(600):
            try:
                answers.append(httpx.get(f"http://127.0.0.1:{port}/v1/collections/demo").status_code)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    asking = threading.Thread(target=ask_and_interrupt)
    asking.start()
    shown = concord("demo", "--port", str(port))
    asking.join()
    assert (shown.code, answers) == (0, [200])
    assert f"Concord answers on http://127.0.0.1:{port}" in shown.said


def test_what_cannot_be_stored_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = [UnreadableItem("a package", "not UTF-8")]
    monkeypatch.setattr(demonstration, "installed_readmes", lambda: iter(bad))
    failed = concord("demo", "--once")
    assert (failed.code, "a package: not UTF-8" in failed.said) == (1, True)
