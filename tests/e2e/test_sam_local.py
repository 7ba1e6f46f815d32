"""`sam local`: the packages in containers of Lambda's own image, beside the Postgres of docker-compose."""

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.builders.command_line import wait_until_embedded
from tests.builders.containers import (
    ComposeProject,
    ContainersMissingError,
    find_container_engine,
)
from tests.builders.packages import PackageFolder
from tests.builders.sam_local import KEY, LAMBDA_IMAGE, Invocation, SamLocal, install_sam
from tests.builders.skipping import skip_but_not_on_ci
from tests.builders.template import list_function_resources

# Each call of `sam` makes an image of the layers anew, which takes long on a busy machine.
pytestmark = pytest.mark.timeout(900)

EVENTS = Path(__file__).parent / "events"
RESOURCES = {function.folder: function for function in list_function_resources()}
# What stands in one line needs nothing of each other; each line needs those before it.
ORDER = (
    ("health_get", "openapi_get", "database_migrate", "collections_create"),
    ("collections_list", "collections_get", "documents_upsert", "chunks_preview", "aliases_put"),
    ("aliases_list",),
    ("aliases_delete",),
    ("keys_create", "keys_list", "keys_revoke"),
    ("chunks_embed", "collections_update"),
    ("documents_search", "documents_list", "documents_get"),
    ("documents_similar", "documents_suggest", "documents_multi_search"),
    ("documents_update", "documents_delete", "documents_delete_by_filter"),
    ("documents_original", "imports_create", "imports_list", "exports_create"),
    ("embeddings_get", "embeddings_change", "embeddings_switch", "embeddings_clean"),
    ("imports_get", "imports_cancel", "imports_retry", "imports_process"),
    ("exports_get", "exports_build"),
    ("sources_create", "sources_fetch", "sources_refresh"),
    ("sources_get", "sources_list", "sources_store", "sources_update"),
    ("sources_delete", "indexes_maintain", "usage_record"),
    ("usage_get", "audit_list"),
    ("documents_expire", "jwks_fetch", "jwks_store"),
    ("collections_delete",),
)
AT_ONCE = 2


@pytest.fixture(scope="module")
def sam(composed: ComposeProject, packages: PackageFolder) -> SamLocal:
    try:
        find_container_engine(LAMBDA_IMAGE)
        program = install_sam()
    except ContainersMissingError as reason:
        skip_but_not_on_ci(reason)
    (composed.folder / ".build").symlink_to(packages.folder)
    sam = SamLocal(program, composed.folder, composed.network)
    sam.build()
    return sam


@pytest.fixture(scope="module")
def invoked(sam: SamLocal) -> dict[str, Invocation]:
    """What each function answered to its event, one after the other, in a database of the compose project."""
    assert sorted(name for line in ORDER for name in line) == sorted(RESOURCES)
    answers: dict[str, Invocation] = {}
    for names in ORDER:
        answers |= invoke_all(sam, [(name, EVENTS / f"{name}.json") for name in names])
    return answers


def invoke_all(sam: SamLocal, calls: Sequence[tuple[str, Path]]) -> dict[str, Invocation]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = {name: pool.submit(sam.invoke, RESOURCES[name].name, event) for name, event in calls}
        return {name: invocation.result() for name, invocation in started.items()}


def test_the_service_describes_itself(invoked: dict[str, Invocation]) -> None:
    assert invoked["health_get"].body == {"status": "ok"}
    assert "/v1/collections/{collection}/search" in invoked["openapi_get"].body["paths"]


def test_a_deployment_migrates_and_is_answered(
    invoked: dict[str, Invocation], composed: ComposeProject
) -> None:
    s3 = composed.aws_client("s3")
    put = s3.get_object(Bucket="concord-imports", Key="database_migrate.json")["Body"].read()
    assert json.loads(put) == invoked["database_migrate"].answer
    assert (json.loads(put)["Status"], json.loads(put)["LogicalResourceId"]) == ("SUCCESS", "DatabaseSchema")


def test_a_collection_comes_and_goes(invoked: dict[str, Invocation]) -> None:
    assert (invoked["collections_create"].status, invoked["collections_create"].body["name"]) == (
        201,
        "notes",
    )
    assert "notes" in [found["name"] for found in invoked["collections_list"].body["collections"]]
    assert invoked["collections_get"].body["dimensions"] == 384
    assert (invoked["collections_update"].status, invoked["collections_update"].body["name"]) == (
        200,
        "notes",
    )
    assert invoked["aliases_put"].body["collection"] == "notes"
    assert [given["alias"] for given in invoked["aliases_list"].body["aliases"]] == ["memos"]
    assert invoked["aliases_delete"].status == 204
    assert invoked["collections_delete"].status == 204
    assert invoked["indexes_maintain"].answer["complete"] is True


def test_what_stands_beside_a_search_answers(invoked: dict[str, Invocation]) -> None:
    similar, suggested = invoked["documents_similar"], invoked["documents_suggest"]
    assert (similar.status, similar.body["degraded"]) == (200, [])
    assert [found["text"] for found in suggested.body["suggestions"]] == ["passwords"]
    assert invoked["chunks_preview"].body["chunks"][0]["heading"] == "Rivers"
    several = invoked["documents_multi_search"]
    assert (several.status, several.body["errors"], len(several.body["items"])) == (200, 0, 2)


def test_documents_are_written_and_read(invoked: dict[str, Invocation]) -> None:
    assert invoked["documents_upsert"].body["errors"] == 0
    listed = invoked["documents_list"].body["documents"]
    assert sorted(document["id"] for document in listed) == ["kiln", "limits", "vault"]
    assert invoked["documents_get"].body["title"] == "Secrets"
    assert invoked["documents_update"].body["title"] == "Where secrets are kept"
    assert invoked["documents_delete"].status == 204
    assert invoked["documents_delete_by_filter"].body == {"deleted": 1, "exact": True, "purged": True}


def test_what_is_embedded_is_found_by_meaning(invoked: dict[str, Invocation]) -> None:
    assert invoked["chunks_embed"].answer == {"batchItemFailures": []}
    found = invoked["documents_search"].body
    assert (found["mode"], found["degraded"]) == ("hybrid", [])
    assert found["hits"][0]["document"]["id"] == "vault"
    assert found["hits"][0]["explain"]["semantic"] > found["hits"][0]["explain"]["keyword"]


@pytest.mark.usefixtures("invoked")
def test_a_write_asks_for_its_vectors_over_sqs(composed: ComposeProject) -> None:
    sqs = composed.aws_client("sqs")
    url = sqs.get_queue_url(QueueName="concord-embed")["QueueUrl"]
    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    assert json.loads(message["Body"])["document_numbers"] == [1, 2, 3]


def test_logs_hold_no_key_and_no_text(invoked: dict[str, Invocation]) -> None:
    for name, invocation in invoked.items():
        lines = [json.loads(line) for line in invocation.log.splitlines() if line.startswith("{")]
        assert [line for line in lines if line.get("level") == "DEBUG"] == [], name
        for secret in (KEY, "credentials", "passwords in a vault", "concord:concord"):
            assert secret not in invocation.log, name


def test_an_event_of_another_source_is_refused(sam: SamLocal) -> None:
    from_queue, from_gateway = EVENTS / "chunks_embed.json", EVENTS / "documents_get.json"
    refused = invoke_all(
        sam,
        [("chunks_embed", from_gateway), ("documents_get", from_queue), ("database_migrate", from_queue)],
    )
    told = {name: refused[name].answer["errorMessage"] for name in refused}
    assert told["chunks_embed"].startswith("The event is neither a schedule nor records")
    assert told["database_migrate"].startswith("The event comes from elsewhere than CloudFormation")
    assert told["documents_get"].startswith("The event comes from elsewhere than an HTTP API")


def test_a_function_without_a_variable_names_it(sam: SamLocal) -> None:
    event = EVENTS / "documents_get.json"
    failed = sam.invoke(RESOURCES["documents_get"].name, event, DATABASE_URL="")
    assert failed.answer["errorType"] == "ConfigurationError"
    assert "DATABASE_URL" in failed.answer["errorMessage"]


def test_a_hybrid_search_is_served(sam: SamLocal, composed: ComposeProject) -> None:
    app = composed.address("app", 8000)
    httpx.post(f"{app}/v1/collections", json={"name": "served"}).raise_for_status()
    documents = [
        {"id": "bread", "body": "Bread is baked from flour."},
        {"id": "vault", "body": "Keep passwords in a vault."},
    ]
    stored = httpx.post(f"{app}/v1/collections/served/documents", json={"documents": documents})
    assert stored.json()["errors"] == 0
    wait_until_embedded(app, "served")
    request = {"q": "where are credentials stored?"}
    with sam.start_api() as address:
        url = f"{address}/v1/collections/served/search"
        anonymous = httpx.post(url, json=request, timeout=60)
        found = httpx.post(url, json=request, headers={"authorization": f"Bearer {KEY}"}, timeout=60)
    assert anonymous.status_code == 401
    assert (found.json()["mode"], found.json()["degraded"]) == ("hybrid", [])
    assert found.json()["hits"][0]["document"]["id"] == "vault"


def routes() -> Iterator[tuple[str, str]]:
    for function in RESOURCES.values():
        for route in function.events("HttpApi"):
            yield route["Method"], re.sub(r"\{\w+\}", "any", route["Path"])


def test_without_a_key_nobody_is_let_in(sam: SamLocal) -> None:
    """A deployment is in production before its administrator has a key."""
    with sam.start_api(ADMIN_KEY_HASH="") as address, ThreadPoolExecutor(AT_ONCE) as pool:
        asked = {
            route: pool.submit(
                httpx.request,
                route[0],
                f"{address}{route[1]}",
                headers={"authorization": f"Bearer {KEY}"},
                timeout=120,
            )
            for route in routes()
        }
        answers = {route: answer.result().status_code for route, answer in asked.items()}
    assert answers.pop(("GET", "/health")) == 200
    assert len(answers) > 10
    assert set(answers.values()) == {401}, answers
