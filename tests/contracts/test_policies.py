"""What functions may do is what they do: calls recorded on a stand-in for AWS beside the policies."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from functions.database_migrate.handler import handler as database_migrate
from shared.aws.secrets import forget_secrets
from shared.database.roles import INGEST, MAINTENANCE, ROLES, SEARCH
from shared.domain.usage import UsageReport
from shared.embeddings.local_model_build import ensure_model_files
from shared.local.lambda_calls import storage_event
from tests.builders.cloudformation import Parameters, Stack
from tests.builders.events import LambdaContext, http_event, sqs_event
from tests.builders.functions import Functions
from tests.builders.postgres_proxy import postgres_proxy
from tests.builders.recorded_aws import RecordedAws, recorded_aws
from tests.builders.role_server import execute
from tests.builders.template import TEMPLATE, FunctionResource, list_function_resources
from tests.contracts.test_template_parameters import BEDROCK, JWT, OPENAI, REDIS

REGION = "eu-west-1"
RESOURCES = {function.folder: function for function in list_function_resources()}
BY_SECRET: Parameters = {"DatabaseAuthentication": "secret"} | JWT
LOGINS = {
    "Owner": "postgres",
    "SearchLogin": SEARCH,
    "IngestLogin": INGEST,
    "MaintenanceLogin": MAINTENANCE,
}
# Done by Lambda in the function's name, not by its code: to read its queue, and to hand over what failed.
DONE_BY_LAMBDA = {
    "chunks_embed": {
        ("sqs:ReceiveMessage", "EmbedQueue"),
        ("sqs:DeleteMessage", "EmbedQueue"),
        ("sqs:GetQueueAttributes", "EmbedQueue"),
        ("sqs:SendMessage", "ScheduleDeadLetterQueue"),
    },
    "indexes_maintain": {
        ("sqs:ReceiveMessage", "MaintainQueue"),
        ("sqs:DeleteMessage", "MaintainQueue"),
        ("sqs:GetQueueAttributes", "MaintainQueue"),
        ("sqs:SendMessage", "ScheduleDeadLetterQueue"),
    },
    "usage_record": {
        ("sqs:ReceiveMessage", "UsageQueue"),
        ("sqs:DeleteMessage", "UsageQueue"),
        ("sqs:GetQueueAttributes", "UsageQueue"),
        ("sqs:SendMessage", "ScheduleDeadLetterQueue"),
    },
    "sources_fetch": {
        ("sqs:ReceiveMessage", "FetchQueue"),
        ("sqs:DeleteMessage", "FetchQueue"),
        ("sqs:GetQueueAttributes", "FetchQueue"),
        ("sqs:SendMessage", "ScheduleDeadLetterQueue"),
    },
    "jwks_fetch": {("sqs:SendMessage", "ScheduleDeadLetterQueue")},
    "jwks_store": {
        ("sqs:ReceiveMessage", "JwksQueue"),
        ("sqs:DeleteMessage", "JwksQueue"),
        ("sqs:GetQueueAttributes", "JwksQueue"),
        ("sqs:SendMessage", "ScheduleDeadLetterQueue"),
    },
    "documents_expire": {("sqs:SendMessage", "ScheduleDeadLetterQueue")},
    "sources_refresh": {("sqs:SendMessage", "ScheduleDeadLetterQueue")},
    "sources_store": {("sqs:SendMessage", "ScheduleDeadLetterQueue")},
    "database_migrate": {("sqs:SendMessage", "ScheduleDeadLetterQueue")},
    "imports_process": {("sqs:SendMessage", "ScheduleDeadLetterQueue")},
    "exports_build": {("sqs:SendMessage", "ScheduleDeadLetterQueue")},
}
REPORT = {("sqs:SendMessage", "UsageQueue")}
# Beside what the events below have them call: S3 asks for the one to say that an object is not there, the
# other is for a run that is out of time.
SELDOM = {
    # Every ten seconds a report of what was used.
    "documents_multi_search": REPORT,
    "documents_search": REPORT,
    "documents_similar": REPORT,
    "documents_suggest": REPORT,
    "documents_update": REPORT,
    "documents_upsert": REPORT,
    # A change of models that begins wakes its workers; here there is no other model.
    "embeddings_change": {("sqs:SendMessage", "EmbedQueue")},
    "sources_store": {("s3:ListBucket", "ImportBucket")},
    # Where there is an issuer of JWTs, which on this machine there is not.
    "jwks_fetch": {("sqs:SendMessage", "JwksQueue")},
    "jwks_store": {("secretsmanager:GetSecretValue", "IngestLogin")},
    "imports_process": {
        ("s3:ListBucket", "ImportBucket"),
        ("s3:PutObject", "ImportBucket/imports/*"),
        # Once a document that was made from a file is gone.
        ("s3:DeleteObject", "ImportBucket/originals/*"),
    },
    # For a run out of time, for one after a killed one, and for a bundle of several parts that fails.
    "exports_build": {
        ("s3:ListBucket", "ImportBucket"),
        ("s3:GetObject", "ImportBucket/exports/*"),
        ("s3:AbortMultipartUpload", "ImportBucket/exports/*"),
        ("s3:PutObject", "ImportBucket/export-requests/*"),
    },
}
# Done by whoever is given an address that the function has signed.
SIGNED = {
    "documents_original": {("s3:GetObject", "ImportBucket/originals/*")},
    "exports_get": {("s3:GetObject", "ImportBucket/exports/*")},
}
# AWS's own, for all resources: an interface of the VPC, a log stream or a trace has no name beforehand.
OF_EVERY_FUNCTION = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}
IN_A_VPC = "AWSLambdaVPCAccessExecutionRole"

type Grants = set[tuple[str, str]]
# One, or how it is made of what functions have answered before.
type Event = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]


def grants_of(function: FunctionResource, stack: Stack) -> Grants:
    """The permissions that its role gives beside AWS's own, each with the logical name of its resource."""
    resources = stack.resources()
    role_name = resources[function.name]["Properties"]["Role"]["Fn::GetAtt"][0]
    role = resources[role_name]["Properties"]
    documents = [policy["PolicyDocument"] for policy in role.get("Policies", ())]
    documents += [
        resources[policy["Ref"]]["Properties"]["PolicyDocument"]
        for policy in role["ManagedPolicyArns"]
        if "Ref" in policy
    ]
    return {
        (action, name_of(resource))
        for document in documents
        for statement in document["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def name_of(resource: Any) -> str:
    match resource:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": ["DatabaseCluster", "MasterUserSecret.SecretArn"]}:
            return "Owner"
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::Sub": str(text)} if text.startswith("${ImportBucket.Arn}/"):
            return text.replace("${ImportBucket.Arn}", "ImportBucket")
        case {"Fn::Sub": str(text)}:
            return text.rpartition("/")[2]
        case str(arn):
            return arn
        case _:
            raise AssertionError(f"a resource of no known form: {resource}")


@pytest.mark.parametrize("function", RESOURCES.values(), ids=RESOURCES)
def test_beside_its_own_it_has_what_aws_gives_every_function(function: FunctionResource) -> None:
    resources = Stack.of(**JWT).resources()
    role_name = resources[function.name]["Properties"]["Role"]["Fn::GetAtt"][0]
    policies = resources[role_name]["Properties"]["ManagedPolicyArns"]
    names = {json.dumps(policy).rstrip('"}').rpartition("/")[2] for policy in policies if "Ref" not in policy}
    expected = OF_EVERY_FUNCTION | ({IN_A_VPC} if "DATABASE_URL" in function.environment else set())
    # The VPC's policy has all of the basic one, which a role made by hand need not repeat.
    assert names in (expected, expected - {"AWSLambdaBasicExecutionRole"})


def test_nothing_is_allowed_for_everything() -> None:
    for stack in (Stack.of(), Stack.of(**BY_SECRET), Stack.of(**BEDROCK), Stack.of(DatabaseMode="proxy")):
        text = json.dumps([found for found in stack.resources().values() if "IAM" in found["Type"]])
        found = set(re.findall(r'"[^"]*\*[^"]*"', text))
        assert {star for star in found if not star.startswith('"${ImportBucket.Arn}/')} == set()
    # The stars that are left stand beside a reason: one refuses, one is of names that AWS chooses.
    stars = [
        line for line in TEMPLATE.read_text(encoding="utf-8").splitlines() if re.search(r"[:/-]\*", line)
    ]
    one = 'Statement: [{{Effect: Allow, Action: s3:{}, Resource: !Sub "${{ImportBucket.Arn}}/{}/*"}}]'
    of_several = '- {{Effect: Allow, Action: {}, Resource: !Sub "${{ImportBucket.Arn}}/{}/*"}}'
    assert [line.strip() for line in stars] == [
        one.format("GetObject", "originals"),
        of_several.format("[s3:GetObject, s3:PutObject]", "imports"),
        of_several.format("[s3:PutObject, s3:DeleteObject]", "originals"),
        of_several.format("s3:PutObject", "export-requests"),
        one.format("GetObject", "exports"),
        'Resource: !Sub "${ImportBucket.Arn}/exports/*"',
        'Resource: !Sub "${ImportBucket.Arn}/export-requests/*"',
        one.format("PutObject", "fetched"),
        'Resource: !Sub "${ImportBucket.Arn}/fetched/*"',
        "Action: s3:*",
        'Resource: [!GetAtt ImportBucket.Arn, !Sub "${ImportBucket.Arn}/*"]',
        'Resource: !Split [",", !Join ["", [!Join ["/*,", !Ref SourceBucketArns], "/*"]]]',
        one.format("PutObject", "imports"),
        "Resource: !Sub arn:${AWS::Partition}:s3:::cloudformation-custom-resource-response-*",
        'Resource: [!GetAtt ImportBucket.Arn, !Sub "${ImportBucket.Arn}/*"]',
    ]


def test_buckets_that_are_named_are_read_by_what_fetches_and_no_others() -> None:
    name = "SourceBucketsReadPolicy"
    assert name not in Stack.of().resources()
    stack = Stack.of(SourceBucketArns="arn:aws:s3:::handbook,arn:aws:s3:::wiki")
    resources = stack.resources()
    roles = {role for role, found in resources.items() if {"Ref": name} in attached(found)}
    assert roles == {"SourcesFetchRole"}
    allowed = {
        statement["Action"]: stack.list_of(statement["Resource"])
        for statement in resources[name]["Properties"]["PolicyDocument"]["Statement"]
    }
    assert allowed == {
        "s3:ListBucket": ["arn:aws:s3:::handbook", "arn:aws:s3:::wiki"],
        "s3:GetObject": ["arn:aws:s3:::handbook/*", "arn:aws:s3:::wiki/*"],
    }


@pytest.mark.parametrize("given", [{}, JWT], ids=["keys", "JWTs"])
def test_the_scheduler_calls_what_has_a_schedule_and_nothing_else(given: Parameters) -> None:
    resources = Stack.of(**given).resources()
    targets = [
        found["Properties"]["Target"]
        for found in resources.values()
        if found["Type"] == "AWS::Scheduler::Schedule"
    ]
    assert {name_of(target["RoleArn"]) for target in targets} == {"ScheduleRole"}
    role = resources["ScheduleRole"]["Properties"]
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert {name_of(arn) for arn in statement["Resource"]} == {name_of(target["Arn"]) for target in targets}
    assert role["ManagedPolicyArns"] == [{"Ref": "ScheduleDeadLetterPolicy"}]


def attached(resource: dict[str, Any]) -> list[Any]:
    """A role's policies."""
    policies: list[Any] = resource.get("Properties", {}).get("ManagedPolicyArns", [])
    return policies


@pytest.mark.parametrize("function", RESOURCES.values(), ids=RESOURCES)
def test_by_iam_it_signs_in_as_the_user_it_is_told(function: FunctionResource) -> None:
    stack = Stack.of(**JWT)
    environment = stack.resources()[function.name]["Properties"]["Environment"]["Variables"]
    user = environment.get("DATABASE_IAM_USER")
    connects = {grant for grant in grants_of(function, stack) if grant[0] == "rds-db:connect"}
    assert connects == ({("rds-db:connect", user)} if user else set())


class Deployment:
    """Functions with the environment that the template gives them, on stand-ins for AWS and for Aurora."""

    def __init__(
        self, stack: Stack, functions: Functions, record: RecordedAws, values: dict[str, str]
    ) -> None:
        self._stack = stack
        self._functions = functions
        self._record = record
        # What this machine's stand-ins are called, by their name in the template.
        self._values = values
        # What each function has answered last.
        self.bodies: dict[str, Any] = {}

    def calls(self, folder: str, event: Event, monkeypatch: pytest.MonkeyPatch) -> Grants:
        """Hand it the event and return what it called, by the template's names."""
        if callable(event):
            event = event(self.bodies)
        function = RESOURCES[folder]
        variables = self._stack.resources()[function.name]["Properties"]["Environment"]["Variables"]
        with monkeypatch.context() as environment:
            for name, value in variables.items():
                environment.setenv(name, self._value(value))
            environment.setenv("ENVIRONMENT", "test")
            environment.setenv("KEY_HASH_SECRET", "a secret of 32 characters or more")
            forget_secrets()
            self._record.forget()
            if function.events("HttpApi"):
                response = self._functions(folder, event, raw=True)
                assert response["statusCode"] < 400, response
                self.bodies[folder] = json.loads(response.get("body") or "null")
            elif folder == "database_migrate":
                database_migrate(event, LambdaContext(folder))
            else:
                self._functions.process(folder, event)
        names = {value: name for name, value in self._values.items()}
        return {(permission, _named(resource, names)) for permission, resource in self._record.calls}

    def _value(self, value: Any) -> str:
        match value:
            case {"Ref": str(name)}:
                return self._values.get(name, name)
            case {"Fn::GetAtt": ["DatabaseCluster", "MasterUserSecret.SecretArn"]}:
                return self._values["Owner"]
            case {"Fn::GetAtt": ["DatabaseEndpointParameter", "Value"]} | {"Fn::Sub": _}:
                return self._values["Endpoint"]
            case {"Fn::Join": [str(separator), list(values)]}:
                return separator.join(map(self._value, values))
            case {"Fn::Join": [_, str(text)]}:
                return text
            case "/opt/model":
                # Where the layer has it on Lambda.
                return str(ensure_model_files())
            case _:
                return self._values.get(str(value), str(value))


def _named(resource: str, names: dict[str, str]) -> str:
    """By the template's name, and with the folder of objects."""
    first, _, rest = resource.partition("/")
    if rest.endswith("/*"):
        return f"{names[first]}/{rest}"
    return names.get(resource, resource.rpartition("/")[2])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RecordedAws, str]]:
    for name in ("AWS_LAMBDA_FUNCTION_NAME", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(name, REGION)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with recorded_aws() as (record, url):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield record, url


def made_values(url: str, endpoint: str) -> dict[str, str]:
    """Queues and secrets on the stand-in, by their name in the template."""
    sqs = boto3.client("sqs", endpoint_url=url, region_name=REGION)
    secrets = boto3.client("secretsmanager", endpoint_url=url, region_name=REGION)
    values = {"Endpoint": endpoint, "AWS::StackName": "concord", "https://api.openai.com/v1": f"{url}/v1"}
    values[JWT["JwtIssuer"]] = ""
    for queue in ("EmbedQueue", "FetchQueue", "JwksQueue", "MaintainQueue", "UsageQueue"):
        values[queue] = sqs.create_queue(QueueName=queue)["QueueUrl"]
    values["ImportBucket"] = f"imports-{uuid.uuid4()}"
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
    s3.create_bucket(Bucket=values["ImportBucket"])
    for key, text in fetched_objects().items():
        s3.put_object(Bucket=values["ImportBucket"], Key=key, Body=text.encode())
    for login, username in LOGINS.items():
        text = json.dumps({"username": username, "password": uuid.uuid4().hex})
        values[login] = secrets.create_secret(Name=f"{login}-{uuid.uuid4()}", SecretString=text)["ARN"]
    # Of a Redis that is away: whoever would sign in to it reads the password first.
    values[REDIS["RedisUrl"]] = "redis://127.0.0.1:1/0"
    values[REDIS["RedisSecretArn"]] = secrets.create_secret(
        Name=f"Redis-{uuid.uuid4()}", SecretString=json.dumps({"password": uuid.uuid4().hex})
    )["ARN"]
    values[OPENAI["OpenAiSecretArn"]] = secrets.create_secret(
        Name=f"OpenAi-{uuid.uuid4()}", SecretString="key"
    )["ARN"]
    return values


def fetched_objects() -> dict[str, str]:
    """What sources_fetch leaves of a feed: first its listing, then a page."""
    source = {"collection_id": 1, "source_id": "news", "run": 1}
    item = {"key": "http://10.0.0.1/a", "url": "http://10.0.0.1/a"}
    listed = {**source, "batch": 1, "listing": {"items": [item], "content_hash": "1"}}
    page = {"key": item["key"], "state": "fetched", "file": "fetched/files/a", "name": "a.txt"}
    return {
        f"{OUTCOME}-1": json.dumps(listed),
        f"{OUTCOME}-2": json.dumps({**source, "batch": 2, "items": [page]}),
        "fetched/files/a": "A page.",
    }


OUTCOME = "fetched/outcomes/1/news/1"
FETCH = {
    "collection_id": 1,
    "source_id": "about",
    "run": 1,
    "batch": 1,
    "kind": "page",
    "settings": {},
    "items": [{"key": "http://127.0.0.1/", "url": "http://127.0.0.1/"}],
}
FEED = {"id": "news", "kind": "feed", "url": "http://10.0.0.1/feed"}
DOCUMENT = {
    "documents": [
        {"id": "one", "title": "One", "metadata": {"year": 2026}, "body": "A document to search for."}
    ]
}
COLLECTION = "/v1/collections/guides"
FILE = {"format": "file", "name": "one.md", "content": "# One"}


def on_import(method: str, rest: str = "", body: object = None) -> Event:
    return lambda bodies: http_event(
        method, f"{COLLECTION}/imports/{bodies['imports_create']['import']['id']}{rest}", body
    )


def uploaded(bodies: dict[str, Any]) -> dict[str, Any]:
    return storage_event(f"imports/1/{bodies['imports_create']['import']['id']}/data", 5)


def export_asked(bodies: dict[str, Any]) -> dict[str, Any]:
    return storage_event(f"export-requests/1/{bodies['exports_create']['id']}", 0)


def on_key(bodies: dict[str, Any]) -> dict[str, Any]:
    return http_event("DELETE", f"/v1/keys/{bodies['keys_create']['id']}")


def on_export(bodies: dict[str, Any]) -> dict[str, Any]:
    return http_event("GET", f"{COLLECTION}/exports/{bodies['exports_create']['id']}")


BEGUN_CHANGE = """
    INSERT INTO concord.embedding_change (collection_id, old_space_id, new_space_id, last_number)
    SELECT id, space_id, concord.open_embedding_space('other', 3), 0 FROM concord.collection
"""
OTHER_MODEL = {"model": "other", "dimensions": 3, "dry_run": True}
# Every function, in an order in which each finds what it needs.
EVENTS: list[tuple[str, Event]] = [
    ("database_migrate", {}),
    ("health_get", http_event("GET", "/health")),
    ("openapi_get", http_event("GET", "/openapi.json")),
    ("collections_create", http_event("POST", "/v1/collections", {"name": "guides"})),
    ("collections_list", http_event("GET", "/v1/collections")),
    ("collections_get", http_event("GET", COLLECTION)),
    ("documents_upsert", http_event("POST", f"{COLLECTION}/documents", DOCUMENT)),
    ("chunks_embed", sqs_event('{"collection_id": 1, "document_numbers": [1]}')),
    ("aliases_put", http_event("PUT", "/v1/aliases/books", {"collection": "guides"})),
    ("aliases_list", http_event("GET", "/v1/aliases")),
    ("aliases_delete", http_event("DELETE", "/v1/aliases/books")),
    ("keys_create", http_event("POST", "/v1/keys", {"actions": ["*"], "collections": ["*"]})),
    ("keys_list", http_event("GET", "/v1/keys")),
    ("keys_revoke", on_key),
    ("documents_list", http_event("GET", f"{COLLECTION}/documents")),
    ("documents_get", http_event("GET", f"{COLLECTION}/documents/one")),
    ("documents_search", http_event("GET", f"{COLLECTION}/search", query="q=document")),
    (
        "documents_multi_search",
        http_event("POST", "/v1/search", {"searches": [{"collection": "guides", "q": "text"}]}),
    ),
    ("documents_similar", http_event("GET", f"{COLLECTION}/documents/one/similar")),
    ("documents_suggest", http_event("GET", f"{COLLECTION}/suggest", query="q=docu")),
    ("chunks_preview", http_event("POST", f"{COLLECTION}/chunks/preview", {"document": {"id": "two"}})),
    ("documents_update", http_event("PATCH", f"{COLLECTION}/documents/one", {"body": "Another text."})),
    ("documents_delete", http_event("DELETE", f"{COLLECTION}/documents/one")),
    ("imports_create", http_event("POST", f"{COLLECTION}/imports", FILE)),
    ("imports_process", uploaded),
    ("imports_list", http_event("GET", f"{COLLECTION}/imports")),
    ("embeddings_get", http_event("GET", f"{COLLECTION}/embedding")),
    ("embeddings_change", http_event("POST", f"{COLLECTION}/embedding", OTHER_MODEL)),
    ("embeddings_switch", http_event("POST", f"{COLLECTION}/embedding/switch", {"to": "old"})),
    ("embeddings_clean", http_event("DELETE", f"{COLLECTION}/embedding/change")),
    ("imports_get", on_import("GET")),
    ("documents_original", http_event("GET", f"{COLLECTION}/documents/one.md/original")),
    ("imports_retry", on_import("POST", "/retry", {"policy": "coerce"})),
    ("imports_cancel", on_import("POST", "/cancel")),
    ("documents_upsert", http_event("POST", f"{COLLECTION}/documents", DOCUMENT)),
    ("exports_create", http_event("POST", f"{COLLECTION}/exports", {"vectors": True})),
    ("exports_build", export_asked),
    ("exports_get", on_export),
    (
        "documents_delete_by_filter",
        http_event("POST", f"{COLLECTION}/documents/delete", {"filter": "year = 2026"}),
    ),
    ("jwks_fetch", {"schedule": "fetch-keys"}),
    ("jwks_store", sqs_event("not JSON")),
    ("sources_create", http_event("POST", f"{COLLECTION}/sources", FEED)),
    ("sources_fetch", sqs_event(json.dumps(FETCH))),
    ("sources_store", storage_event(f"{OUTCOME}-1", 1)),
    ("sources_store", storage_event(f"{OUTCOME}-2", 1)),
    ("sources_list", http_event("GET", f"{COLLECTION}/sources")),
    ("sources_get", http_event("GET", f"{COLLECTION}/sources/news")),
    ("sources_update", http_event("PATCH", f"{COLLECTION}/sources/news", {"refresh": True})),
    ("sources_refresh", {"schedule": "refresh-sources"}),
    ("sources_delete", http_event("DELETE", f"{COLLECTION}/sources/news")),
    ("documents_expire", {"schedule": "expire-documents"}),
    ("collections_update", http_event("PATCH", COLLECTION, {"name": "manuals"})),
    ("collections_delete", http_event("DELETE", "/v1/collections/manuals")),
    # Removes what is left of the export.
    ("exports_build", {"schedule": "build-exports"}),
    ("indexes_maintain", {"schedule": "maintain-indexes"}),
    ("usage_record", sqs_event(UsageReport(()).to_message())),
    ("usage_get", http_event("GET", "/v1/usage")),
    ("audit_list", http_event("GET", "/v1/audit")),
]


@pytest.mark.parametrize(
    "given",
    [BY_SECRET, BY_SECRET | BEDROCK | REDIS, BY_SECRET | OPENAI | {"NatGateway": "true"}],
    ids=["local", "bedrock, and a Redis with a password", "openai"],
)
def test_what_is_called_is_granted_and_what_is_granted_is_called(
    given: Parameters,
    aws: tuple[RecordedAws, str],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record, url = aws
    stack = Stack.of(**given)
    record.dimensions = int(stack.parameters["EmbeddingDimensions"])
    functions = Functions()
    called: dict[str, Grants] = {}
    with postgres_proxy(database_url) as proxy:
        name = database_url.partition("?")[0].rpartition("/")[2]
        values = made_values(url, f"127.0.0.1:{proxy.port}/{name}")
        deployment = Deployment(stack, functions, record, values)
        try:
            for folder, event in EVENTS:
                if folder == "sources_refresh":
                    # Of what was to be fetched nothing has come back.
                    execute(database_url, "UPDATE concord.source SET claimed_until = now()")
                if folder == "documents_expire":
                    execute(database_url, "UPDATE concord.document SET expires_at = now()")
                if folder == "embeddings_switch":
                    execute(database_url, BEGUN_CHANGE)
                called.setdefault(folder, set()).update(deployment.calls(folder, event, monkeypatch))
        finally:
            functions.close()
            # The roles belong to the server, which other tests use too.
            execute(database_url, *(f"ALTER ROLE {role} NOLOGIN PASSWORD NULL" for role in ROLES))
    assert set(called) == set(RESOURCES)
    granted = {folder: grants_of(RESOURCES[folder], stack) for folder in called}
    assert {folder for folder, seldom in SELDOM.items() if not seldom <= granted[folder]} == set()
    # Of what is called seldom it depends on the machine's pace whether it was.
    assert {folder: calls - SELDOM.get(folder, set()) for folder, calls in called.items()} == {
        folder: grants
        - DONE_BY_LAMBDA.get(folder, set())
        - SELDOM.get(folder, set())
        - SIGNED.get(folder, set())
        for folder, grants in granted.items()
    }
