"""What `sam local` is called with fits the template: an event for each function, parameters that exist."""

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.builders.cloudformation import Stack
from tests.builders.sam_local import CONFIG, KEY, SETTINGS
from tests.builders.template import FunctionResource, list_function_resources, resources_of_type

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "tests" / "e2e" / "events"
RESOURCES = list_function_resources()


def read_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def test_every_function_has_an_event_and_no_other() -> None:
    assert sorted(path.stem for path in EVENTS.glob("*.json")) == sorted(each.folder for each in RESOURCES)


@pytest.mark.parametrize("function", RESOURCES, ids=lambda function: function.folder)
def test_the_event_is_of_the_function_s_own_source(function: FunctionResource) -> None:
    event = read_event(function.folder)
    if routes := function.events("HttpApi"):
        called = event["requestContext"]["http"]
        assert any(
            called["method"] == route["Method"]
            and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route["Path"]), called["path"])
            for route in routes
        )
    elif "Records" in event:
        assert {record["eventSource"] for record in event["Records"]} == {"aws:sqs"}
        assert function.events("SQS")
    elif "schedule" in event:
        inputs = [json.loads(schedule["Input"]) for schedule in function.events("ScheduleV2")]
        assert (event["schedule"], set(event)) in [(sent["schedule"], set(sent)) for sent in inputs]
    elif "detail" in event:
        (rule,) = function.events("EventBridgeRule")
        assert event["source"] in rule["Pattern"]["source"]
        assert event["detail-type"] in rule["Pattern"]["detail-type"]
        (pattern,) = rule["Pattern"]["detail"]["object"]["key"]
        assert event["detail"]["object"]["key"].startswith(pattern["prefix"])
    else:
        assert event["RequestType"] == "Create"


def test_both_architectures_are_configured_alike_and_as_the_template_allows() -> None:
    config = tomllib.loads((ROOT / CONFIG).read_text(encoding="utf-8"))
    config.pop("version")
    assert set(config) == {"arm64", "x86_64"}
    for architecture, commands in config.items():
        parameters = commands["global"]["parameters"]
        given = dict(override.split("=", 1) for override in parameters["parameter_overrides"])
        assert given.pop("Architecture") == architecture
        assert Stack.of(**given, Architecture=architecture).refusals() == []
        assert given["AdminKeyHash"] == hashlib.sha256(KEY.encode()).hexdigest()
        assert parameters["env_vars"] == SETTINGS
        config[architecture] = {**parameters, "parameter_overrides": given}
    assert config["arm64"] == config["x86_64"]


def test_only_what_parameters_cannot_say_is_a_setting() -> None:
    """SAM leaves out what the template does not declare, without a word."""
    settings = json.loads((ROOT / SETTINGS).read_text(encoding="utf-8"))
    declared = {name for function in RESOURCES for name in function.environment}
    assert set(settings) == {"Parameters"}
    assert set(settings["Parameters"]) <= declared


def test_what_the_template_makes_is_named_where_nothing_is_made() -> None:
    """A reference to a queue or a bucket is its logical name there, which no setting takes."""
    made = {*resources_of_type("AWS::SQS::Queue"), *resources_of_type("AWS::S3::Bucket")}
    settings = json.loads((ROOT / SETTINGS).read_text(encoding="utf-8"))["Parameters"]
    referred = {
        name
        for function in RESOURCES
        for name, value in function.environment.items()
        if isinstance(value, dict) and value.get("Ref") in made
    }
    assert referred
    assert referred <= settings.keys()
