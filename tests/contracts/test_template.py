"""template.yaml and the code say the same, and what it deploys keeps the house rules."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint import lint
from fastapi.routing import APIRoute

from shared.database.migration_files import MIGRATIONS_FOLDER, migrations_hash
from shared.events.envelopes import is_schedule
from shared.http.lambda_function import HttpFunction
from shared.observability import Metric
from shared.services.embed_chunks import LEASE_SECONDS
from tests.builders.template import (
    TEMPLATE,
    FunctionResource,
    list_function_resources,
    read_template,
    resources_of_type,
)

FUNCTIONS = Path(__file__).parents[2] / "functions"
RUNBOOK = Path(__file__).parents[2] / "infra" / "runbook.md"
RESOURCES = list_function_resources()
# API Gateway gives up after 30 seconds.
LONGEST_HTTP_SECONDS = 29
EMBEDDING = {"documents_multi_search", "documents_search", "chunks_embed"}
# What few functions need of other people's code, beside what all need.
OTHER_LAYERS = {
    "imports_process": "ParsingLayer",
    "sources_fetch": "SourcesLayer",
    "sources_store": "ParsingLayer",
}

every_function = pytest.mark.parametrize("function", RESOURCES, ids=lambda function: function.folder)


def handler_of(function: FunctionResource) -> Any:
    return importlib.import_module(f"functions.{function.folder}.handler").handler


def routes_of(handler: Any) -> list[APIRoute]:
    if not isinstance(handler, HttpFunction):
        return []
    return [route for route in handler.router.routes if isinstance(route, APIRoute)]


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
    # The other one is read by Powertools itself.
    assert set(function.environment) == settings | {"POWERTOOLS_SERVICE_NAME"}


@every_function
def test_only_what_reads_the_database_stands_in_its_network(function: FunctionResource) -> None:
    assert ("VpcConfig" in function.properties) == ("DATABASE_URL" in function.environment)


@every_function
def test_it_waits_for_the_schema_that_it_reads(function: FunctionResource) -> None:
    reads = "DATABASE_URL" in function.environment and function.folder != "database_migrate"
    assert function.resource.get("DependsOn") == ("DatabaseSchema" if reads else None)


def test_the_schema_is_that_of_the_migrations() -> None:
    schema = read_template()["Resources"]["DatabaseSchema"]["Properties"]
    # Written by `concord migrate --hash`.
    assert schema["MigrationsHash"] == migrations_hash(MIGRATIONS_FOLDER)


@every_function
def test_a_version_takes_traffic_step_by_step_and_gives_it_back_on_errors(function: FunctionResource) -> None:
    # Parameters and layers alone make no version: https://github.com/aws/serverless-application-model/issues/3820
    assert function.properties["AutoPublishCodeSha256"] == {"Ref": "Release"}
    preference = function.properties["DeploymentPreference"]
    if function.folder == "database_migrate":
        assert preference == {"Enabled": False}
        return
    (alarm,) = preference["Alarms"]
    queries = resources_of_type("AWS::CloudWatch::Alarm")[alarm["Ref"]]["Properties"]["Metrics"]
    watched = [
        dimension["Value"].get("Ref")
        for query in queries
        for dimension in query.get("MetricStat", {}).get("Metric", {}).get("Dimensions", ())
    ]
    assert function.name in watched
    # CloudWatch takes no more in one alarm.
    assert len(watched) <= 10


def test_every_alarm_says_where_to_look() -> None:
    runbook = RUNBOOK.read_text(encoding="utf-8")
    for name, alarm in resources_of_type("AWS::CloudWatch::Alarm").items():
        _, _, entry = alarm["Properties"]["AlarmDescription"].rstrip(".").partition("Runbook: ")
        assert entry, name
        assert f"## {entry}\n" in runbook, name
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching"


def test_alarms_watch_metrics_that_are_written() -> None:
    written = {metric.value for metric in Metric}
    text = json.dumps(resources_of_type("AWS::CloudWatch::Alarm"))
    ours = re.findall(r'"Namespace": "Concord", "MetricName": "(\w+)"', text)
    assert set(ours) == {"RequestFailed", "SearchDegraded"}
    assert set(ours) <= written


def test_no_deployment_takes_everybody_for_the_administrator() -> None:
    assert {function.environment["ENVIRONMENT"] for function in RESOURCES} == {"production"}


@every_function
def test_its_log_group_is_its_own_and_forgets(function: FunctionResource) -> None:
    name = f"{function.name.removesuffix('Function')}LogGroup"
    assert function.properties["LoggingConfig"] == {"LogGroup": {"Ref": name}}
    assert resources_of_type("AWS::Logs::LogGroup")[name]["Properties"]["RetentionInDays"]


@every_function
def test_only_what_embeds_carries_the_model(function: FunctionResource) -> None:
    runtime, model = {"Ref": "RuntimeLayer"}, {"Ref": "ModelLayer"}
    either = {"Fn::If": ["UsesLocalModel", [runtime, model], [runtime]]}
    # SAM adds a list of layers to that of all functions, and leaves what is no list alone.
    of_its_own = OTHER_LAYERS.get(function.folder)
    layers = [{"Ref": of_its_own}] if of_its_own else [runtime]
    assert function.layers == (either if function.folder in EMBEDDING else layers)


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
    assert sorted(function.folder for function, _ in listeners) == [
        "chunks_embed",
        "indexes_maintain",
        "jwks_store",
        "sources_fetch",
        "usage_record",
    ]
    for function, event in listeners:
        queue = resources_of_type("AWS::SQS::Queue")[event["Queue"]["Fn::GetAtt"][0]]["Properties"]
        gathering = event.get("MaximumBatchingWindowInSeconds", 0)
        assert queue["VisibilityTimeout"] >= 6 * function.properties["Timeout"] + gathering
        assert event["ScalingConfig"]["MaximumConcurrency"]
        assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_schedules_send_what_their_functions_take_and_keep_what_failed() -> None:
    scheduled = [(function, event) for function in RESOURCES for event in function.events("ScheduleV2")]
    names = [
        "chunks_embed",
        "documents_expire",
        "documents_expire",
        "exports_build",
        "imports_process",
        "indexes_maintain",
        "jwks_fetch",
        "jwks_fetch",
        "sources_refresh",
        "sources_refresh",
    ]
    assert sorted(function.folder for function, _ in scheduled) == names
    for _function, event in scheduled:
        assert is_schedule(json.loads(event["Input"]))
        # A fixed name could stand once in an account, and with it this stack.
        assert event["OmitName"] is True
        assert event["RetryPolicy"]["MaximumRetryAttempts"]
        assert event["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["ScheduleDeadLetterQueue", "Arn"]}}


@every_function
def test_what_runs_without_a_caller_keeps_what_failed(function: FunctionResource) -> None:
    if function.events("HttpApi"):
        return
    failures = function.properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert failures["Destination"] == {"Fn::GetAtt": ["ScheduleDeadLetterQueue", "Arn"]}


def test_every_parameter_is_used() -> None:
    template = read_template()
    used = json.dumps({part: template[part] for part in ("Conditions", "Globals", "Resources")})
    grouped = [
        name
        for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        for name in group["Parameters"]
    ]
    assert sorted(grouped) == sorted(template["Parameters"])
    unused = [
        name for name in template["Parameters"] if f'"{name}"' not in used and f"${{{name}}}" not in used
    ]
    assert unused == []


def test_what_is_deployed_is_valid() -> None:
    findings = lint(TEMPLATE.read_text(encoding="utf-8"), regions=["eu-west-1", "us-east-1"])
    assert [str(finding) for finding in findings] == []


def test_what_is_stored_is_private_and_encrypted() -> None:
    bucket = resources_of_type("AWS::S3::Bucket")["ImportBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    assert bucket["LifecycleConfiguration"]["Rules"]
    database = resources_of_type("AWS::RDS::DBCluster")["DatabaseCluster"]["Properties"]
    # That of a snapshot is encrypted as it was, which is this.
    assert database["StorageEncrypted"] == {"Fn::If": ["FromSnapshot", {"Ref": "AWS::NoValue"}, True]}
    assert (
        resources_of_type("AWS::RDS::DBInstance")["DatabaseInstance"]["Properties"]["PubliclyAccessible"]
        is False
    )
