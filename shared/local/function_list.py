"""Which functions there are, as template.yaml tells it."""

import importlib
import re
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from shared.config import ConfigurationError

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
_FUNCTION = "AWS::Serverless::Function"
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_EVENT_SOURCES = {"HttpApi", "SQS", "ScheduleV2", "EventBridgeRule"}


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a function runs, and with what event: JSON text, as the template has it."""

    every: timedelta
    event: str


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """One resource of the template. Memory is in MiB, the timeout in seconds."""

    name: str
    handler: str
    memory: int
    timeout: int
    routes: tuple[Route, ...]
    queues: tuple[str, ...]
    # What the keys of objects begin with that it is told of when they are stored.
    prefixes: tuple[str, ...]
    schedules: tuple[Schedule, ...]

    @property
    def trigger(self) -> str:
        """http, sqs, bucket, schedule, or several; `deploy` for what nothing but a deployment calls."""
        kinds = [
            ("http", self.routes),
            ("sqs", self.queues),
            ("bucket", self.prefixes),
            ("schedule", self.schedules),
        ]
        return ", ".join(kind for kind, sources in kinds if sources) or "deploy"

    def load(self) -> Any:
        """Its handler, an HttpFunction or an EventFunction."""
        module, _, attribute = self.handler.rpartition(".")
        return getattr(importlib.import_module(module), attribute)


def list_functions(template: Path = TEMPLATE) -> list[DeployedFunction]:
    """The template's functions, in its order. Raises ConfigurationError when it cannot be read."""
    try:
        resources = _TemplateLoader(template.read_bytes()).get_single_data()["Resources"]
        return [
            _read_function(resource["Properties"])
            for resource in resources.values()
            if resource["Type"] == _FUNCTION
        ]
    except (OSError, yaml.YAMLError, LookupError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{template.name} cannot be read as a SAM template: {error!r}") from error


def find_function(name: str, template: Path = TEMPLATE) -> DeployedFunction:
    """The function of that name. Raises ConfigurationError, which lists the names there are."""
    functions = list_functions(template)
    for function in functions:
        if function.name == name:
            return function
    known = ", ".join(function.name for function in functions)
    raise ConfigurationError(f"There is no function {name}; there are: {known}.")


def _read_function(properties: dict[str, Any]) -> DeployedFunction:
    handler = properties["Handler"]
    events = list(properties.get("Events", {}).values())
    unknown = {event["Type"] for event in events} - _EVENT_SOURCES
    if unknown:
        raise ValueError(f"events of an unknown type: {', '.join(sorted(unknown))}")

    def sources(kind: str) -> list[dict[str, Any]]:
        return [event["Properties"] for event in events if event["Type"] == kind]

    return DeployedFunction(
        name=handler.split(".")[1],
        handler=handler,
        memory=properties["MemorySize"],
        timeout=properties["Timeout"],
        routes=tuple(Route(route["Method"], route["Path"]) for route in sources("HttpApi")),
        queues=tuple(str(queue["Queue"]) for queue in sources("SQS")),
        prefixes=tuple(
            key["prefix"]
            for rule in sources("EventBridgeRule")
            for key in rule["Pattern"]["detail"]["object"]["key"]
        ),
        schedules=tuple(
            Schedule(_period(schedule["ScheduleExpression"]), schedule["Input"])
            for schedule in sources("ScheduleV2")
        ),
    )


def _period(expression: str) -> timedelta:
    match = _RATE.fullmatch(expression)
    if match is None:
        raise ValueError(f"{expression} is no rate")
    return timedelta(**{f"{match[2]}s": int(match[1])})


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref X`, `!GetAtt X.Arn`, `!If [...]`) as plain values."""


def _construct_short_form(
    loader: _TemplateLoader, _suffix: str, node: yaml.Node
) -> str | list[Any] | dict[Hashable, Any]:
    match node:
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
        case _:
            return str(node.value)


_TemplateLoader.add_multi_constructor("!", _construct_short_form)
