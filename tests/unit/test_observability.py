import asyncio
import io
import json
import logging
import re
import subprocess
import sys
import time
import uuid

import pytest

from shared.config import ConfigurationError
from shared.errors import CollectionNotFound
from shared.observability import (
    Event,
    Metric,
    correlated,
    correlation_id,
    count,
    describe_error,
    logger,
    measure,
    quiet_libraries,
)


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


def test_a_line_has_all_metrics_of_one_call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_lambda(monkeypatch)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "concord-staging")
    before = time.time() * 1000
    measure({Metric.SEARCH_TOTAL: 12.5, Metric.SEARCH_DEGRADED: 0})
    count(Metric.RECORD_FAILED, 3)
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    about = first.pop("_aws")
    assert before - 1 <= about["Timestamp"] <= time.time() * 1000
    assert about["CloudWatchMetrics"] == [
        {
            "Namespace": "Concord",
            "Dimensions": [["service"]],
            "Metrics": [
                {"Name": "SearchTotal", "Unit": "Milliseconds"},
                {"Name": "SearchDegraded", "Unit": "Count"},
            ],
        }
    ]
    assert first == {"service": "concord-staging", "SearchTotal": [12.5], "SearchDegraded": [0.0]}
    # Nothing of one call is left over for the next.
    assert second["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "RecordFailed", "Unit": "Count"}]
    assert (second["RecordFailed"], "SearchTotal" in second) == ([3.0], False)


def test_a_deployment_without_a_name_is_concord(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_lambda(monkeypatch)
    monkeypatch.delenv("POWERTOOLS_SERVICE_NAME", raising=False)
    count(Metric.QUEUE_UNAVAILABLE)
    assert json.loads(capsys.readouterr().out)["service"] == "concord"


def test_a_metric_costs_next_to_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_lambda(monkeypatch)
    values = {Metric.SEARCH_EMBED_QUERY: 1.5, Metric.SEARCH_DATABASE: 9.5, Metric.SEARCH_TOTAL: 12.0}
    times = []
    for _ in range(200):
        started = time.perf_counter()
        measure({**values, Metric.SEARCH_DEGRADED: 0})
        times.append(time.perf_counter() - started)
    # Measured: 0.04 ms. The best of many, as the machine may have other things to do.
    assert min(times) < 0.0002
    assert len(capsys.readouterr().out.splitlines()) == 200


def test_a_laptop_counts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    count(Metric.CACHE_UNAVAILABLE)
    assert capsys.readouterr() == ("", "")


async def test_counts_of_threads_and_tasks_do_not_mix(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_lambda(monkeypatch)

    async def count_often(name: str) -> None:
        def count_all() -> None:
            for _ in range(50):
                count(Metric.RECORD_FAILED)

        with correlated(name):
            await asyncio.to_thread(count_all)

    await asyncio.gather(*(count_often(str(name)) for name in range(8)))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(line["correlation_id"] for line in lines) == sorted(50 * "01234567")
    assert all(line["RecordFailed"] == [1.0] for line in lines)


def test_lines_tell_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    with correlated("outer"):
        with correlated("inner") as known:
            assert (known, correlation_id()) == ("inner", "inner")
            logger().warning(Event.CACHE_UNAVAILABLE)
        logger().warning(Event.CACHE_UNAVAILABLE)
    logger().warning(Event.CACHE_UNAVAILABLE)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("correlation_id") for line in lines] == ["inner", "outer", None]


@pytest.mark.parametrize("identifier", [None, 1, "", "a b", 'a"}', "é", "x" * 129, "secret\n"])
def test_what_is_no_id_is_replaced_by_one(identifier: object) -> None:
    with correlated(identifier) as first, correlated(identifier) as second:
        assert str(uuid.UUID(first)) == first
        assert first != second


@pytest.mark.parametrize(
    "identifier", ["JKJaXmPLvHcESHA=", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "a+/_=", "x" * 128]
)
def test_the_ids_of_aws_are_kept(identifier: str) -> None:
    with correlated(identifier) as known:
        assert known == identifier


def test_libraries_are_quiet_below_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    for before, after in ((logging.DEBUG, logging.WARNING), (logging.ERROR, logging.ERROR)):
        monkeypatch.setattr(logging.getLogger(), "level", before)
        quiet_libraries()
        assert logging.getLogger().level == after


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


def test_what_is_wrong_with_a_setting_is_told() -> None:
    told = describe_error(ConfigurationError("DATABASE_SECRET_ARN: this secret holds no text."))
    assert told == {
        "error": "ConfigurationError",
        "setting": "DATABASE_SECRET_ARN: this secret holds no text.",
    }


def test_no_tracer_is_imported() -> None:
    code = (
        "import sys; from shared.observability import *; logger(); count(Metric.RECORD_FAILED);"
        "sys.exit(any('xray' in name for name in sys.modules))"
    )
    environment = {"AWS_LAMBDA_FUNCTION_NAME": "health_get"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert ran.returncode == 0
