"""One function deployed into a stack, on moto's CloudFormation and Lambda."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from shared.cli.application import app
from shared.local.deployment import deploy_function, logical_name
from tests.builders.template import list_function_resources

REGION = "eu-west-1"
STACK = "concord-test"
RUNNER = CliRunner()


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The deployed name of health_get, whose version 1 is live in the stack."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        resources = {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
            "HealthGetFunction": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": {"ZipFile": "def handler(event, context): ..."},
                    "Handler": "functions.health_get.handler.handler",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Runtime": "python3.12",
                    "Architectures": ["x86_64"],
                },
            },
        }
        cloudformation = boto3.client("cloudformation")
        cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps({"Resources": resources}))
        found = cloudformation.describe_stack_resource(
            StackName=STACK, LogicalResourceId="HealthGetFunction"
        )["StackResourceDetail"]
        name = found["PhysicalResourceId"]
        client = boto3.client("lambda")
        version = client.publish_version(FunctionName=name)["Version"]
        client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
        yield name


def live_version(name: str) -> str:
    alias = boto3.client("lambda").get_alias(FunctionName=name, Name="live")
    assert alias["RoutingConfig"]["AdditionalVersionWeights"] == {}
    return alias["FunctionVersion"]


def deploy(*arguments: str, output: Path) -> str:
    result = RUNNER.invoke(app, ["deploy", *arguments, "--output", str(output)])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_alias_leads_to_the_new_code_and_back(stack: str, tmp_path: Path) -> None:
    said: list[str] = []
    client = boto3.client("lambda")
    before = client.get_function(FunctionName=stack)["Configuration"]["CodeSha256"]
    deployed = deploy_function("health_get", stack=STACK, output=tmp_path, tell=said.append)
    assert (deployed.deployed_as, deployed.previous_version) == (stack, "1")
    assert live_version(stack) == deployed.version != "1"
    assert any("stay what the stack's last deployment made them" in line for line in said)

    uploaded = client.get_function(FunctionName=stack)["Configuration"]["CodeSha256"]
    again = deploy_function("health_get", stack=STACK, output=tmp_path, tell=said.append)
    assert client.get_function(FunctionName=stack)["Configuration"]["CodeSha256"] == uploaded
    assert uploaded != before

    text = deploy("health_get", "--stack", STACK, "--to-version", "1", output=tmp_path)
    assert "health_get: version 1" in text
    assert f"--to-version {again.version}" in text
    assert live_version(stack) == "1"


def test_what_is_printed_can_be_read_by_a_program(stack: str, tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["deploy", "health_get", "--stack", STACK, "--to-version", "1", "--json"])
    assert json.loads(result.stdout) == {
        "function": "health_get",
        "deployed_as": stack,
        "version": "1",
        "previous_version": "1",
    }
    text = deploy("health_get", "--stack", STACK, "--to-version", "1", output=tmp_path)
    assert "Back again" not in text


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["health_get", "--stack", "nowhere"], "AWS refused"),
        (["openapi_get", "--stack", STACK], "AWS refused"),
        (["health_get", "--stack", STACK, "--to-version", "99"], "AWS refused"),
        (["no_such", "--stack", STACK], "There is no function no_such"),
    ],
)
def test_what_cannot_be_deployed_says_why(arguments: list[str], reason: str) -> None:
    result = RUNNER.invoke(app, ["deploy", *arguments])
    assert result.exit_code == 1
    assert reason in result.output


def test_without_a_region_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    result = RUNNER.invoke(app, ["deploy", "health_get", "--stack", STACK])
    assert result.exit_code == 1
    assert "AWS could not be asked: You must specify a region." in result.output


def test_functions_are_called_as_the_template_calls_them() -> None:
    assert {function.folder: function.name for function in list_function_resources()} == {
        function.folder: logical_name(function.folder) for function in list_function_resources()
    }
