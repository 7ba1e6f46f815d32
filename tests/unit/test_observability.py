import asyncio
import io
import json
import logging
import re
import subprocess
import sys

import pytest

from shared.errors import CollectionNotFound
from shared.observability import Event, Metric, count, describe_error, logger


def on_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "documents_search")


def test_a_laptop_logs_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    logger().warning(Event.CACHE_UNAVAILABLE, extra={"error": "TimeoutError"})
    captured = capsys.readouterr()
    line = json.loads(captured.err)
    assert (line["message"], line["level"]) == ("cache_unavailable", "WARNING")
    assert (line["service"], line["error"]) == ("concord", "TimeoutError")
    assert captured.out == ""


def test_lambda_logs_to_standard_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_lambda(monkeypatch)
    logger().info(Event.CACHE_RECOVERED)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["message"] == "cache_recovered"
    assert captured.err == ""


def test_the_logger_is_made_once() -> None:
    assert logger() is logger()


@pytest.mark.parametrize(("level", "logged"), [("ERROR", ""), ("INFO", "cache_recovered")])
def test_the_level_is_a_setting(level: str, logged: str) -> None:
    code = "from shared.observability import *; logger().info(Event.CACHE_RECOVERED)"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"LOG_LEVEL": level},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == ""
    assert logged in ran.stderr
    assert bool(ran.stderr) is bool(logged)


def test_a_closed_stream_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(logging, "raiseExceptions", False)
    monkeypatch.setattr(sys, "stderr", closed)
    logger().warning(Event.CACHE_REFUSED)


def test_a_count_is_one_line_of_embedded_metric_format(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_lambda(monkeypatch)
    count(Metric.RECORD_FAILED, 3, function="chunks_embed")
    count(Metric.CACHE_UNAVAILABLE)
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    (definition,) = first["_aws"]["CloudWatchMetrics"]
    assert definition == {
        "Namespace": "Concord",
        "Dimensions": [["function"]],
        "Metrics": [{"Name": "RecordFailed", "Unit": "Count"}],
    }
    assert (first["RecordFailed"], first["function"]) == ([3.0], "chunks_embed")
    # Nothing of one call is left over for the next.
    assert second["CacheUnavailable"] == [1.0]
    assert second["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]
    assert "RecordFailed" not in second


def test_a_laptop_counts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    count(Metric.CACHE_UNAVAILABLE)
    assert capsys.readouterr() == ("", "")


async def test_counts_of_threads_and_tasks_do_not_mix(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_lambda(monkeypatch)

    def count_often(name: str) -> None:
        for _ in range(50):
            count(Metric.RECORD_FAILED, thread=name)

    await asyncio.gather(*(asyncio.to_thread(count_often, str(name)) for name in range(8)))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(line["thread"] for line in lines) == sorted(50 * "01234567")
    assert all(line["RecordFailed"] == [1.0] for line in lines)


def fail() -> None:
    raise CollectionNotFound("There is no collection secret.")


def test_an_error_is_described_without_its_text() -> None:
    with pytest.raises(CollectionNotFound) as caught:
        fail()
    described = describe_error(caught.value)
    here = r"test_observability\.py:\d+ "
    # From where it was raised outwards.
    assert re.fullmatch(rf"{here}fail < {here}test_an_error_\w+", described.pop("where"))
    assert described == {"error": "CollectionNotFound", "code": "collection_not_found"}


def test_an_error_that_was_not_raised_is_described() -> None:
    assert describe_error(ValueError("secret")) == {"error": "ValueError"}


def test_no_tracer_is_imported() -> None:
    code = (
        "import sys; from shared.observability import *; logger(); count(Metric.RECORD_FAILED);"
        "sys.exit(any('xray' in name for name in sys.modules))"
    )
    environment = {"AWS_LAMBDA_FUNCTION_NAME": "health_get"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert ran.returncode == 0
