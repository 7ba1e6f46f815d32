from datetime import timedelta
from pathlib import Path

import pytest

from shared.config import ConfigurationError
from shared.events.custom_resource import CustomResourceFunction
from shared.events.lambda_function import EventFunction
from shared.http.lambda_function import HttpFunction
from shared.local.function_list import DeployedFunction, Route, Schedule, find_function, list_functions

TEMPLATE = """
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {Name: !Sub "${Stage}-queue", Policy: !If [A, {B: !GetAtt C.D}, !Ref N], E: !F {G: H}}
  ThingsGetFunction:
    Type: AWS::Serverless::Function
    Properties:
      Handler: functions.things_get.handler.handler
      MemorySize: 256
      Timeout: 10
      Events:
        Get: {Type: HttpApi, Properties: {Method: GET, Path: "/things/{id}"}}
        Post: {Type: HttpApi, Properties: {Method: POST, Path: "/things"}}
  ThingsWorkFunction:
    Type: AWS::Serverless::Function
    Properties:
      Handler: functions.things_work.handler.handler
      MemorySize: 512
      Timeout: 300
      Events:
        Requests: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
        Arrivals:
          Type: EventBridgeRule
          Properties: {Pattern: {source: [aws.s3], detail: {object: {key: [{prefix: a/}, {prefix: b/}]}}}}
        Sweep:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(5 minutes), Input: '{"schedule": "sweep"}'}
  ThingsMoveFunction:
    Type: AWS::Serverless::Function
    Properties: {Handler: functions.things_move.handler.handler, MemorySize: 512, Timeout: 900}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def test_functions_are_read_from_the_template(template: Path) -> None:
    get, work, move = list_functions(template)
    assert get == DeployedFunction(
        name="things_get",
        handler="functions.things_get.handler.handler",
        memory=256,
        timeout=10,
        routes=(Route("GET", "/things/{id}"), Route("POST", "/things")),
        queues=(),
        prefixes=(),
        schedules=(),
    )
    assert work.prefixes == ("a/", "b/")
    assert work.queues == ("Queue.Arn",)
    assert work.schedules == (Schedule(timedelta(minutes=5), '{"schedule": "sweep"}'),)
    assert [function.trigger for function in (get, work, move)] == ["http", "sqs, bucket, schedule", "deploy"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Type: SQS", "Type: Kinesis"),
        ("rate(5 minutes)", "'cron(0 4 * * ? *)'"),
        ("MemorySize: 256", "Memory: 256"),
        ("Resources:", "Resources: ["),
        ("Resources:", "Parameters:"),
    ],
)
def test_a_template_that_says_something_else_is_refused(template: Path, old: str, new: str) -> None:
    template.write_text(TEMPLATE.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match="cannot be read as a SAM template"):
        list_functions(template)


def test_a_missing_template_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        list_functions(tmp_path / "template.yaml")


def test_a_function_is_found_by_its_name(template: Path) -> None:
    assert find_function("things_work", template).timeout == 300
    with pytest.raises(
        ConfigurationError, match="There is no function x; there are: things_get, things_work"
    ):
        find_function("x", template)


def test_the_projects_own_functions_are_there() -> None:
    for function in list_functions():
        kind = HttpFunction if function.routes else EventFunction | CustomResourceFunction
        assert isinstance(function.load(), kind), function.name
