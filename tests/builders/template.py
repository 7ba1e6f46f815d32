"""template.yaml, as written and as CloudFormation gets it from SAM."""

import copy
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
FUNCTION = "AWS::Serverless::Function"
# Stands for what a deployment uploads in the place of a folder.
UPLOADED = {"Bucket": "uploads", "Key": "package"}

type Properties = dict[str, Any]


@functools.cache
def read_template() -> dict[str, Any]:
    """The template with short forms (`!Ref X`) in their long form (`{"Ref": "X"}`)."""
    template: dict[str, Any] = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    return template


def resources_of_type(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of that type, by name."""
    return {name: found for name, found in read_template()["Resources"].items() if found["Type"] == kind}


@dataclass(frozen=True)
class FunctionResource:
    """A function's resource, with what Globals gives to all."""

    name: str
    resource: dict[str, Any]
    shared: Properties

    @property
    def properties(self) -> Properties:
        properties: Properties = self.resource["Properties"]
        return properties

    @property
    def folder(self) -> str:
        """The folder that its handler names."""
        return str(self.properties["Handler"]).split(".")[1]

    @property
    def environment(self) -> Properties:
        return {**self.shared["Environment"]["Variables"], **self.properties["Environment"]["Variables"]}

    @property
    def layers(self) -> Any:
        return self.properties.get("Layers", self.shared["Layers"])

    def events(self, kind: str) -> list[Properties]:
        events = self.properties.get("Events", {}).values()
        return [event["Properties"] for event in events if event["Type"] == kind]


def list_function_resources() -> list[FunctionResource]:
    shared = read_template()["Globals"]["Function"]
    return [
        FunctionResource(name, resource, shared) for name, resource in resources_of_type(FUNCTION).items()
    ]


@functools.cache
def translate_template(release: str = "0000000000") -> dict[str, Any]:
    """What SAM makes of the template for a release."""
    template = copy.deepcopy(read_template())
    for resource in template["Resources"].values():
        for folder in ("CodeUri", "ContentUri"):
            if folder in resource.get("Properties", {}):
                resource["Properties"][folder] = UPLOADED
    # SAM asks for a region, of which nothing here depends.
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": "eu-west-1"}):
        translated: dict[str, Any] = Translator({}, Parser()).translate(
            template, parameter_values={"Release": release}
        )
    return translated
