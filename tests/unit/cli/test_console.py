import json

import pytest

from shared.cli.console import Stopwatch, describe, print_json, say_error
from shared.config import ConfigurationError
from shared.errors import CollectionNotFound, InvalidFilter


def test_an_error_is_one_line_with_its_details() -> None:
    error = CollectionNotFound(details=[{"field": "collection", "message": "no x"}])
    assert describe(error) == "There is no collection of that name. (collection: no x)"


def test_a_detail_tells_its_column() -> None:
    error = InvalidFilter("Bad\nfilter.", details=[{"field": "filter", "column": 3, "message": "what?"}])
    assert describe(error) == "Bad filter. (filter, column 3: what?)"


def test_a_detail_is_not_told_twice() -> None:
    error = InvalidFilter("Bad: what?", details=[{"field": "filter", "message": "what?"}])
    assert describe(error) == "Bad: what?"


def test_settings_keep_a_line_each() -> None:
    assert describe(ConfigurationError("A\nB")) == "A\nB"


def test_errors_and_steps_are_talk_and_json_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Stopwatch()
    with watch.step("walking [slowly]"):
        pass
    say_error(ConfigurationError("set [this]"))
    print_json({"a": "ü"})
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"a": "ü"}
    assert "walking [slowly]" in captured.err
    assert "error: set [this]" in captured.err
    assert watch.total == sum(watch.seconds.values())
