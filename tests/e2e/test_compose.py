"""`docker compose up --build`, on real containers."""

import json
import time
from pathlib import Path

import httpx
import pytest

from tests.builders.command_line import wait_until_embedded
from tests.builders.containers import ComposeProject
from tests.builders.readme import run_curl_example
from tests.builders.template import read_template

# The images are built first, and what they are made from may have to be pulled or made.
pytestmark = pytest.mark.timeout(900)

# Of which the parsers of files have 40 MB.
LARGEST_IMAGE = 670_000_000
RELOAD_SECONDS = 60
# Imports all that the image has, but what makes packages and the model.
IMPORT_ALL = """
import importlib, pkgutil, boto3, functions, shared
for package in (functions, shared):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name not in {"grimp", "onnx"}:
                raise
for service in ("bedrock-runtime", "s3", "secretsmanager", "sqs"):
    boto3.client(service, region_name="us-east-1")
"""


@pytest.fixture(scope="module")
def address(composed: ComposeProject) -> str:
    return composed.address("app", 8000)


def test_the_readme_s_calls_work(address: str) -> None:
    created, stored, by_both, by_words = run_curl_example(address)
    assert created["name"] == "guides"
    assert stored["errors"] == 0
    assert [hit["document"]["id"] for hit in by_both["hits"]] == ["settings"]
    assert by_words["hits"][0]["document"]["id"] == "limits"
    wait_until_embedded(address, "guides")
    request = {"q": "where are credentials stored?", "explain": True}
    hybrid = [httpx.post(f"{address}/v1/collections/guides/search", json=request) for _ in range(2)]
    assert [answer.headers["x-cache"] for answer in hybrid] == ["miss", "hit"]
    found = hybrid[0].json()
    assert (found["mode"], found["degraded"]) == ("hybrid", [])
    assert found["hits"][0]["document"]["id"] == "settings"
    assert found["hits"][0]["explain"]["semantic"] > 0


def test_every_service_is_healthy_and_the_migration_is_over(composed: ComposeProject) -> None:
    for service in ("postgres", "redis", "app", "aws"):
        (container,) = composed.inspect(service)
        assert container["State"]["Health"]["Status"] == "healthy"
    (migrate,) = composed.inspect("migrate")
    assert (migrate["State"]["Status"], migrate["State"]["ExitCode"]) == ("exited", 0)


@pytest.mark.parametrize("service", ["app", "aws"])
def test_an_image_runs_without_privileges(composed: ComposeProject, service: str) -> None:
    assert composed.execute(service, "id", "--user").strip() == "1000"
    folders = {"app": ("/app", "/model"), "aws": ("/aws",)}[service]
    assert composed.execute(service, "find", *folders, "-writable", "-not", "-type", "l") == ""


def test_the_app_s_image_is_small_and_has_all_it_runs(composed: ComposeProject) -> None:
    (container,) = composed.inspect("app")
    (image,) = composed.engine.inspect(container["Image"])
    assert image["Size"] < LARGEST_IMAGE
    composed.execute("app", "python", "-c", IMPORT_ALL)


def test_an_edit_is_served_without_a_build(composed: ComposeProject, address: str) -> None:
    handler = composed.folder / "functions" / "health_get" / "handler.py"
    code = handler.read_text(encoding="utf-8")
    handler.write_text(code.replace('"ok"', '"edited"'), encoding="utf-8")
    wait_for_status(address, "edited")
    statements = composed.folder / "shared" / "repositories" / "sql" / "documents.sql"
    with statements.open("a", encoding="utf-8") as file:
        file.write("-- edited\n")
    handler.write_text(code, encoding="utf-8")
    wait_for_status(address, "ok")
    assert "sql/documents.sql" in composed.compose("logs", "--no-color", "app")


def wait_for_status(address: str, status: str) -> None:
    deadline = time.monotonic() + RELOAD_SECONDS
    while True:
        try:
            if httpx.get(f"{address}/health").json() == {"status": status}:
                return
        except httpx.TransportError:
            """It is starting anew."""
        assert time.monotonic() < deadline, "the edit is not served"
        time.sleep(0.2)


def test_a_database_s_data_outlives_its_container(composed: ComposeProject, address: str) -> None:
    collection = {"name": "kept"}
    assert httpx.post(f"{address}/v1/collections", json=collection).status_code == 201
    composed.compose("rm", "--stop", "--force", "postgres")
    composed.compose("up", "--detach", "--no-build", "postgres")
    composed.wait_until_healthy()
    fresh = {"cache-control": "no-cache"}
    assert httpx.get(f"{address}/v1/collections/kept", headers=fresh, timeout=30).json()["name"] == "kept"


@pytest.mark.parametrize(
    ("queue", "resource"),
    [
        ("concord-embed", "EmbedQueue"),
        ("concord-maintain", "MaintainQueue"),
        ("concord-fetch", "FetchQueue"),
        ("concord-usage", "UsageQueue"),
    ],
)
def test_aws_has_the_queues_of_a_deployment(composed: ComposeProject, queue: str, resource: str) -> None:
    sqs = composed.aws_client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "{}"
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(attributes["RedrivePolicy"])
    deployed = read_template()["Resources"][resource]["Properties"]
    assert int(attributes["VisibilityTimeout"]) == deployed["VisibilityTimeout"]
    assert redrive["maxReceiveCount"] == deployed["RedrivePolicy"]["maxReceiveCount"]
    assert redrive["deadLetterTargetArn"].endswith(f":{queue}-dead-letters")


def test_aws_keeps_files(composed: ComposeProject) -> None:
    s3 = composed.aws_client("s3")
    s3.put_object(Bucket="concord-imports", Key="a.ndjson", Body=b'{"id": "a"}')
    assert s3.get_object(Bucket="concord-imports", Key="a.ndjson")["Body"].read() == b'{"id": "a"}'


def test_a_function_signs_in_with_the_secret_that_aws_keeps(composed: ComposeProject) -> None:
    answer = composed.execute(
        "app",
        *("concord", "invoke", "collections_list", "--path", "/v1/collections"),
        AWS_ACCESS_KEY_ID="any",
        AWS_ENDPOINT_URL="http://aws:4566",
        AWS_SECRET_ACCESS_KEY="any",
        DATABASE_SECRET_ARN="arn:aws:secretsmanager:us-east-1:123456789012:secret:concord/database",
        DATABASE_URL="",
    )
    assert json.loads(answer)["statusCode"] == 200


def test_the_dev_container_stands_on_the_same_file(composed: ComposeProject) -> None:
    file = Path(__file__).parents[2] / ".devcontainer" / "docker-compose.yml"
    shown = composed.compose("-f", "docker-compose.yml", "-f", str(file), "config")
    assert f"{composed.folder}:/workspaces/concord" in shown
