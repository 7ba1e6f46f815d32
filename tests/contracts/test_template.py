"""template.yaml and the code say the same, and what it deploys keeps the house rules."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint import lint
from fastapi.routing import APIRoute

from shared.events.envelopes import is_schedule
from shared.http.lambda_function import HttpFunction
from shared.services.embed_chunks import LEASE_SECONDS
from tests.builders.template import (
    FunctionResource,
    list_function_resources,
    read_template,
    resources_of_type,
    translate_template,
)

FUNCTIONS = Path(__file__).parents[2] / "functions"
RESOURCES = list_function_resources()
# API Gateway gives up after 30 seconds.
LONGEST_HTTP_SECONDS = 29
EMBEDDING = {"documents_search", "chunks_embed"}

every_function = pytest.mark.parametrize("function", RESOURCES, ids=lambda function: function.folder)


def handler_of(function: FunctionResource) -> Any:
    return importlib.import_module(f"functions.{function.folder}.handler").handler


def routes_of(handler: Any) -> list[APIRoute]:
    if not isinstance(handler, HttpFunction):
        return []
    return [route for route in handler.router.routes if isinstance(route, APIRoute)]


def policies_of(function: FunctionResource) -> set[str]:
    """The names of its policies: of SAM's policy templates, or of the template's own managed policies."""
    names = set()
    for policy in function.properties.get("Policies", ()):
        match policy:
            case {"Fn::If": [str(), chosen, {"Ref": "AWS::NoValue"}]}:
                named = chosen
            case _:
                named = policy
        match named:
            case {"Ref": str(name)} if name in resources_of_type("AWS::IAM::ManagedPolicy"):
                names.add(name)
            case dict() if len(named) == 1 and next(iter(named)).endswith("Policy"):
                names.add(next(iter(named)))
            case _:
                pytest.fail(f"{function.name} has a policy without a name: {named}")
    return names


def test_every_folder_has_its_resource_and_every_resource_its_folder() -> None:
    folders = sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))
    assert sorted(function.folder for function in RESOURCES) == folders


@every_function
def test_a_resource_is_named_for_its_folder(function: FunctionResource) -> None:
    name = "".join(word.capitalize() for word in function.folder.split("_"))
    properties = function.properties
    assert (function.name, properties["Handler"], properties["CodeUri"], function.resource["Metadata"]) == (
        f"{name}Function",
        f"functions.{function.folder}.handler.handler",
        f".build/functions/{function.folder}/",
        {"SkipBuild": True},
    )


@every_function
def test_its_routes_are_those_of_its_router(function: FunctionResource) -> None:
    routes = {(event["Method"], event["Path"]) for event in function.events("HttpApi")}
    handler = handler_of(function)
    assert routes == {(method, route.path) for route in routes_of(handler) for method in route.methods or ()}


@every_function
def test_its_environment_has_every_setting_and_nothing_else(function: FunctionResource) -> None:
    settings = {name.upper() for name in handler_of(function).settings.model_fields}
    assert set(function.environment) == settings


def test_no_deployment_takes_everybody_for_the_administrator() -> None:
    assert {function.environment["ENVIRONMENT"] for function in RESOURCES} == {"production"}


@every_function
def test_it_may_do_what_its_settings_need_and_nothing_else(function: FunctionResource) -> None:
    needed = {
        "AWSSecretsManagerGetSecretValuePolicy": "DATABASE_SECRET_ARN" in function.environment,
        "SQSSendMessagePolicy": "EMBED_QUEUE_URL" in function.environment,
        "BedrockEmbeddingPolicy": function.folder in EMBEDDING,
    }
    assert policies_of(function) == {name for name, is_needed in needed.items() if is_needed}


def test_no_policy_of_ours_is_for_everything() -> None:
    for policy in resources_of_type("AWS::IAM::ManagedPolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert "*" not in json.dumps([statement["Action"], statement["Resource"]])


@every_function
def test_its_log_group_is_its_own_and_forgets(function: FunctionResource) -> None:
    name = f"{function.name.removesuffix('Function')}LogGroup"
    assert function.properties["LoggingConfig"] == {"LogGroup": {"Ref": name}}
    assert resources_of_type("AWS::Logs::LogGroup")[name]["Properties"]["RetentionInDays"]


@every_function
def test_only_what_embeds_carries_the_model(function: FunctionResource) -> None:
    model = {"Fn::If": ["UsesLocalModel", {"Ref": "ModelLayer"}, {"Ref": "AWS::NoValue"}]}
    expected = [{"Ref": "RuntimeLayer"}, *([model] if function.folder in EMBEDDING else [])]
    assert function.layers == expected


@every_function
def test_it_has_the_time_its_trigger_allows(function: FunctionResource) -> None:
    timeout = function.properties["Timeout"]
    if function.events("HttpApi"):
        assert timeout <= LONGEST_HTTP_SECONDS
    if function.events("SQS"):
        assert timeout < LEASE_SECONDS


def test_every_queue_has_a_dead_letter_queue_and_is_encrypted() -> None:
    queues = {name: found["Properties"] for name, found in resources_of_type("AWS::SQS::Queue").items()}
    dead_letters = {name for name in queues if name.endswith("DeadLetterQueue")}
    assert {name for name, queue in queues.items() if queue["SqsManagedSseEnabled"]} == set(queues)
    for name in set(queues) - dead_letters:
        target = queues[name]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert target in dead_letters
        assert target == name.replace("Queue", "DeadLetterQueue")


def test_a_queue_gives_a_run_time_to_end_and_takes_back_single_messages() -> None:
    listeners = [(function, event) for function in RESOURCES for event in function.events("SQS")]
    assert [function.folder for function, _ in listeners] == ["chunks_embed"]
    for function, event in listeners:
        queue = resources_of_type("AWS::SQS::Queue")[event["Queue"]["Fn::GetAtt"][0]]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * function.properties["Timeout"]
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_schedules_send_what_their_functions_take_and_keep_what_failed() -> None:
    scheduled = [(function, event) for function in RESOURCES for event in function.events("ScheduleV2")]
    assert [function.folder for function, _ in scheduled] == ["chunks_embed", "indexes_maintain"]
    for function, event in scheduled:
        assert is_schedule(json.loads(event["Input"]))
        # A fixed name could stand once in an account, and with it this stack.
        assert event["OmitName"] is True
        failures = function.properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert failures["Destination"]["Fn::GetAtt"][0].endswith("DeadLetterQueue")


def test_every_parameter_is_used() -> None:
    template = read_template()
    used = json.dumps({part: template[part] for part in ("Conditions", "Globals", "Resources")})
    unused = [
        name for name in template["Parameters"] if f'"{name}"' not in used and f"${{{name}}}" not in used
    ]
    assert unused == []


def test_what_is_deployed_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    findings = lint(json.dumps(translate_template()))
    assert [str(finding) for finding in findings] == []
