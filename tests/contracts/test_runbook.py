"""infra/runbook.md has an entry for each alarm, and every metric."""

import json
import re
from pathlib import Path

from shared.observability import Metric
from tests.builders.template import read_template, resources_of_type

RUNBOOK = (Path(__file__).parents[2] / "infra" / "runbook.md").read_text(encoding="utf-8")
KINDS = ("ingest", "imports", "exports", "embeddings")
SERVICES = [{"Ref": "AWS::StackName"}, *({"Fn::Sub": f"${{AWS::StackName}}-{kind}"} for kind in KINDS)]


def test_every_alarm_names_its_entry_and_every_entry_has_its_alarm() -> None:
    named = [
        re.findall(r"Runbook: ([a-z0-9-]+)\.", alarm["Properties"]["AlarmDescription"])
        for alarm in resources_of_type("AWS::CloudWatch::Alarm").values()
    ]
    assert all(len(names) == 1 for names in named)
    entries = re.findall(r"^## ([a-z0-9-]+)$", RUNBOOK, re.MULTILINE)
    assert sorted(entries) == sorted(name for names in named for name in names)


def test_every_metric_is_described_with_its_unit() -> None:
    described = re.findall(r"^\| `(\w+)` \| (\w+) \|", RUNBOOK, re.MULTILINE)
    assert sorted(described) == sorted((metric.value, metric.unit) for metric in Metric)


def test_alarms_ask_for_metrics_that_are_written() -> None:
    alarms = json.dumps(resources_of_type("AWS::CloudWatch::Alarm"))
    asked = re.findall(r'"Namespace": "Concord", "MetricName": "(\w+)", "Dimensions": (\[.*?\])', alarms)
    assert asked
    for name, dimensions in asked:
        assert name in set(Metric)
        (dimension,) = json.loads(dimensions)
        assert dimension["Name"] == "service"
        # As POWERTOOLS_SERVICE_NAME says of functions that read and of those that write.
        assert dimension["Value"] in SERVICES


def test_commands_ask_for_outputs_and_parameters_that_exist() -> None:
    template = read_template()
    outputs = re.findall(r"\$\(output (\w+)\)", RUNBOOK)
    assert outputs
    assert set(outputs) <= set(template["Outputs"])
    assert {f"{queue}DeadLetterQueueUrl" for queue in ("Embed", "Maintain", "Schedule")} <= set(
        template["Outputs"]
    )
    named = set(re.findall(r"`((?:Database|Embed|Throttling|Search|Cache|Redis)\w+)[`=]", RUNBOOK))
    assert named - set(Metric) <= set(template["Parameters"])
