"""What CloudFormation makes of the template under given parameters: its rules, conditions and `Fn::If`."""

import re
from dataclasses import dataclass
from typing import Any

from tests.builders.template import read_template, translate_template

type Parameters = dict[str, str]

NO_VALUE = {"Ref": "AWS::NoValue"}


@dataclass(frozen=True)
class Stack:
    """A deployment that has only been thought of. Lists of parameters are given with commas."""

    parameters: Parameters

    @classmethod
    def of(cls, **given: str) -> "Stack":
        """The template's defaults, and what is `given` instead."""
        declared = read_template()["Parameters"]
        assert set(given) <= set(declared), f"no such parameters: {set(given) - set(declared)}"
        defaults = {name: str(about.get("Default", "")) for name, about in declared.items()}
        return cls(defaults | given)

    def refusals(self) -> list[str]:
        """The descriptions of the assertions that fail, for which nothing is made."""
        return [
            assertion["AssertDescription"]
            for rule in read_template()["Rules"].values()
            if self.is_true(rule.get("RuleCondition", {"Fn::Equals": ["", ""]}))
            for assertion in rule["Assertions"]
            if not self.is_true(assertion["Assert"])
        ]

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources as SAM expands them, without those whose condition is false."""
        return {
            name: self.resolve(resource)
            for name, resource in translate_template()["Resources"].items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    def holds(self, condition: str) -> bool:
        return self.is_true(translate_template()["Conditions"][condition])

    def is_true(self, expression: dict[str, Any]) -> bool:
        """The value of a rule's or a condition's function."""
        match expression:
            case {"Fn::Equals": [left, right]}:
                return self._text(left) == self._text(right)
            case {"Fn::Not": [inner]}:
                return not self.is_true(inner)
            case {"Fn::And": [*inners]}:
                return all(self.is_true(inner) for inner in inners)
            case {"Fn::Or": [*inners]}:
                return any(self.is_true(inner) for inner in inners)
            case {"Fn::EachMemberEquals": [members, wanted]}:
                return all(member == wanted for member in self._text(members).split(","))
            case {"Condition": str(name)}:
                return self.holds(name)
            case _:
                raise AssertionError(f"no rule and no condition: {expression}")

    def resolve(self, value: Any) -> Any:
        """`value` with the chosen branch of each `Fn::If` and with parameters in the place of their names."""
        match value:
            case {"Fn::If": [str(condition), when_true, when_false]}:
                return self.resolve(when_true if self.holds(condition) else when_false)
            case {"Ref": str(name)} if name in self.parameters:
                return self.parameters[name]
            case {"Fn::Sub": str(text)}:
                return {"Fn::Sub": re.sub(r"\$\{(\w+)\}", self._parameter_or_name, text)}
            case dict():
                resolved = {key: self.resolve(inner) for key, inner in value.items()}
                return {key: inner for key, inner in resolved.items() if inner != NO_VALUE}
            case list():
                return [inner for inner in map(self.resolve, value) if inner != NO_VALUE]
            case _:
                return value

    def list_of(self, value: Any) -> list[str]:
        """What a list of parameters, or of what is made of them, has."""
        match value:
            case {"Fn::Split": [str(separator), text]}:
                return self._text(text).split(separator)
            case _:
                return self._text(value).split(",")

    def _parameter_or_name(self, match: re.Match[str]) -> str:
        return self.parameters.get(match[1], match[0])

    def _text(self, value: Any) -> str:
        match value:
            case {"Ref": str(name)}:
                return self.parameters[name]
            case {"Fn::Join": [str(separator), [*values]]}:
                return separator.join(map(self._text, values))
            case {"Fn::Join": [str(separator), list_of_values]}:
                return separator.join(self._text(list_of_values).split(","))
            case _:
                return str(value)
