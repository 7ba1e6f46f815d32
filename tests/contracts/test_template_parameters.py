"""Parameters that contradict each other are refused before anything is made; all others make a stack."""

import json
import re
from typing import Any

import pytest

from tests.builders.cloudformation import Parameters, Stack
from tests.builders.template import list_function_resources, translate_template

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:owner-AbCdEf"
KEY = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:openai-AbCdEf"
VPC: Parameters = {
    "Network": "existing",
    "VpcId": "vpc-0123456789abcdef0",
    "VpcSubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "VpcSecurityGroupIds": "sg-0123456789abcdef0",
}
EXISTING: Parameters = {
    "Database": "existing",
    "DatabaseSecretArn": SECRET,
    "DatabaseEndpoint": "db.example.com:5432/app",
    "DatabaseAuthentication": "secret",
}
OPENAI: Parameters = {
    "EmbeddingProvider": "openai",
    "EmbeddingModel": "text-embedding-3-small",
    "EmbeddingDimensions": "1536",
    "OpenAiSecretArn": KEY,
}
BEDROCK: Parameters = {
    "EmbeddingProvider": "bedrock",
    "EmbeddingModel": "amazon.titan-embed-text-v2:0",
    "EmbeddingDimensions": "1024",
}
JWT: Parameters = {"JwtIssuer": "https://login.example.com/", "JwtAudience": "https://search.example.com"}
REDIS: Parameters = {
    "RedisUrl": "rediss://cache.example.com:6379/0",
    "RedisSecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:redis-AbCdEf",
}

ALLOWED: dict[str, Parameters] = {
    "nothing given": {},
    "always on": {"DatabaseMode": "always-on", "DatabasePreparedStatements": "true"},
    "behind a proxy": {"DatabaseMode": "proxy"},
    "behind a proxy, by secret": {"DatabaseMode": "proxy", "DatabaseAuthentication": "secret"},
    "new database in an existing VPC": VPC,
    "existing database in its VPC": EXISTING | VPC,
    "existing database, by IAM": EXISTING
    | VPC
    | {"DatabaseAuthentication": "iam", "DatabaseResourceId": "cluster-ABC123"},
    "existing database on the internet": EXISTING | {"Network": "none"},
    "database by URL": {
        "Database": "existing",
        "DatabaseUrl": "postgresql://app@db.example.com/app",
        "Network": "none",
    },
    "migrations past a pooler": EXISTING | VPC | {"DatabaseMigrationUrl": "postgresql://owner@db/app"},
    "OpenAI through a NAT": OPENAI | {"NatGateway": "true"},
    "OpenAI in an existing VPC": OPENAI | VPC,
    "Bedrock": BEDROCK,
    "Redis with a password": REDIS,
    "JWTs alone": JWT | {"GatewayJwt": "true"},
    "SnapStart": {"SnapStart": "on"},
    "restored": {"DatabaseSnapshot": "concord-before-the-mistake"},
}

REFUSED: dict[str, tuple[Parameters, str]] = {
    "address of a new database": ({"DatabaseEndpoint": "db:5432/app"}, "Database=new makes its own address"),
    "secret of a new database": ({"DatabaseSecretArn": SECRET}, "Database=new makes its own address"),
    "new database without a VPC": ({"Network": "none"}, "A new database stands in a VPC"),
    "existing database without an address": (
        {"Database": "existing", "Network": "none", "DatabaseAuthentication": "secret"},
        "needs DatabaseSecretArn and DatabaseEndpoint, or DatabaseUrl",
    ),
    "secret and URL": (
        EXISTING | {"Network": "none", "DatabaseUrl": "postgresql://app@db/app"},
        "DatabaseUrl is the whole way",
    ),
    "snapshot of an existing database": (
        EXISTING | VPC | {"DatabaseSnapshot": "concord"},
        "DatabaseSnapshot is for Database=new",
    ),
    "existing database in a new VPC": (EXISTING, "A new VPC does not reach an existing database"),
    "proxy of an existing database": (
        EXISTING | VPC | {"DatabaseMode": "proxy"},
        "For a proxy of your own give its address",
    ),
    "IAM without a resource": (
        EXISTING | VPC | {"DatabaseAuthentication": "iam"},
        "needs DatabaseResourceId",
    ),
    "prepared statements through a proxy": (
        {"DatabaseMode": "proxy", "DatabasePreparedStatements": "true"},
        "Prepared statements pin connections",
    ),
    "existing VPC without subnets": (
        VPC | {"VpcSubnetIds": ""},
        "Network=existing needs VpcId, VpcSubnetIds",
    ),
    "subnets of no VPC": ({"VpcSubnetIds": "subnet-0123456789abcdef0"}, "are of an existing VPC"),
    "NAT in an existing VPC": (VPC | {"NatGateway": "true"}, "NatGateway=true is for Network=new"),
    "OpenAI without a key": (OPENAI | VPC | {"OpenAiSecretArn": ""}, "needs OpenAiSecretArn"),
    "OpenAI without the internet": (OPENAI, "give NatGateway=true"),
    "key without OpenAI": ({"OpenAiSecretArn": KEY}, "is for EmbeddingProvider=openai"),
    "another local model": ({"EmbeddingModel": "bge-base"}, "carries all-MiniLM-L6-v2"),
    "the local model elsewhere": (
        {"EmbeddingProvider": "bedrock"},
        "of a model that the provider has",
    ),
    "an issuer for anybody": (JWT | {"JwtAudience": ""}, "JwtIssuer needs JwtAudience"),
    "an audience of no issuer": (JWT | {"JwtIssuer": ""}, "are for a JwtIssuer"),
    "a login for no Redis": (REDIS | {"RedisUrl": ""}, "Give its address, RedisUrl"),
    "JWTs alone of nobody": ({"GatewayJwt": "true"}, "Give their JwtIssuer"),
    "a snapshot without a model": (BEDROCK | {"SnapStart": "on"}, "Give SnapStart=off"),
}


@pytest.mark.parametrize("given", ALLOWED.values(), ids=ALLOWED)
def test_what_goes_together_is_taken(given: Parameters) -> None:
    assert Stack.of(**given).refusals() == []


@pytest.mark.parametrize(("given", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_contradicts_itself_is_refused(given: Parameters, reason: str) -> None:
    (refusal,) = Stack.of(**given).refusals()
    assert reason in refusal


def needs_of(resource: dict[str, Any]) -> list[str]:
    """The resources that CloudFormation makes before this one and deletes after it."""
    text = json.dumps(resource)
    named = re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)', text) + re.findall(r"\$\{(\w+)[.}]", text)
    depends_on = resource.get("DependsOn", [])
    return [*named, *([depends_on] if isinstance(depends_on, str) else depends_on)]


def kinds(given: Parameters) -> dict[str, list[str]]:
    """The names of a stack's resources, by type."""
    found: dict[str, list[str]] = {}
    for name, resource in Stack.of(**given).resources().items():
        found.setdefault(resource["Type"], []).append(name)
    return found


@pytest.mark.parametrize(
    ("given", "endpoints"),
    [
        ({}, ["S3Endpoint", "SecretsManagerEndpoint", "SqsEndpoint"]),
        (BEDROCK, ["BedrockEndpoint", "S3Endpoint", "SecretsManagerEndpoint", "SqsEndpoint"]),
        ({"NatGateway": "true"}, ["S3Endpoint"]),
        (VPC, []),
        (EXISTING | {"Network": "none"}, []),
    ],
)
def test_a_network_has_the_ways_out_that_are_used(given: Parameters, endpoints: list[str]) -> None:
    assert sorted(kinds(given).get("AWS::EC2::VPCEndpoint", [])) == endpoints
    assert ("AWS::EC2::NatGateway" in kinds(given)) == ("NatGateway" in given)


def test_endpoints_stand_in_as_many_zones_as_are_paid_for() -> None:
    def zones(**given: str) -> list[int]:
        resources = Stack.of(**given).resources()
        return [
            len(resources[name]["Properties"]["SubnetIds"])
            for name in ("SqsEndpoint", "SecretsManagerEndpoint")
        ]

    assert zones() == [2, 1]
    assert zones(DatabaseAuthentication="secret") == zones(**REDIS) == [2, 2]
    assert zones(DatabaseAuthentication="secret", EndpointZones="1") == [1, 1]


def test_nothing_keeps_a_database_that_scales_to_zero_awake() -> None:
    def operation(**given: str) -> tuple[object, set[str], set[str], list[bool]]:
        resources = Stack.of(**given).resources()
        schedules = [r for r in resources.values() if r["Type"] == "AWS::Scheduler::Schedule"]
        functions = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::Lambda::Function"]
        environments = [function["Environment"]["Variables"] for function in functions]
        return (
            resources["DatabaseCluster"]["Properties"]["ServerlessV2ScalingConfiguration"]["MinCapacity"],
            {
                schedule["Properties"]["State"]
                for schedule in schedules
                # Sources wake it four times a day, and expiry once; the database sleeps in between.
                if schedule["Properties"]["ScheduleExpression"] not in {"rate(6 hours)", "rate(1 day)"}
            },
            {
                environment["DATABASE_CLOSE_AFTER_EVENT"]
                for environment in environments
                if "MAINTAIN_QUEUE_URL" in environment
            },
            [bool(e["MAINTAIN_QUEUE_URL"]) for e in environments if "MAINTAIN_QUEUE_URL" in e],
        )

    sleeping, awake = operation(), operation(DatabaseMode="always-on")
    assert sleeping[:3] == (0, {"DISABLED"}, {"true"})
    assert all(sleeping[3])
    assert awake[:3] == ("0.5", {"ENABLED"}, {"false"})
    assert not any(awake[3])


def test_what_holds_data_outlives_its_stack() -> None:
    resources = Stack.of().resources()
    assert resources["DatabaseCluster"]["DeletionPolicy"] == "Snapshot"
    assert resources["DatabaseCluster"]["UpdateReplacePolicy"] == "Snapshot"
    assert resources["ImportBucket"]["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize("given", ALLOWED.values(), ids=ALLOWED)
def test_a_stack_leaves_room_below_the_limit_of_five_hundred(given: Parameters) -> None:
    assert len(Stack.of(**given).resources()) < 450


def test_what_jwts_need_is_made_where_they_are_taken() -> None:
    behind_a_proxy = {"DatabaseMode": "proxy", "DatabaseAuthentication": "secret"}
    with_jwts, without = (
        Stack.of(**behind_a_proxy, **JWT).resources(),
        Stack.of(**behind_a_proxy).resources(),
    )
    assert all(name.startswith("Jwks") for name in with_jwts.keys() - without.keys())
    assert "JwksFetchFunction" in with_jwts
    # The most that there is, and room for ten functions more.
    assert len(with_jwts) < 460
    assert Stack.of(**JWT).refusals() == []


def test_snapshots_are_for_what_holds_the_model() -> None:
    resources = Stack.of(SnapStart="on").resources()
    snapped = {name for name, resource in resources.items() if "SnapStart" in resource.get("Properties", {})}
    assert snapped == {"ChunksEmbedFunction", "DocumentsMultiSearchFunction", "DocumentsSearchFunction"}
    pruned = {
        resource["Properties"]["FunctionName"]["Ref"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Lambda::Version" and resource["DeletionPolicy"] == "Delete"
    }
    assert pruned == snapped


def test_each_release_makes_new_versions_of_all_functions() -> None:
    def versions(release: str) -> set[str]:
        resources = translate_template(release)["Resources"]
        return {name for name, found in resources.items() if found["Type"] == "AWS::Lambda::Version"}

    first, second = versions("1764000000"), versions("1764000001")
    assert len(first) == len(second) == len(list_function_resources())
    assert not first & second


@pytest.mark.parametrize("given", [{}, {"NatGateway": "true"}], ids=["endpoints", "NAT"])
def test_the_migration_has_a_way_to_answer_from_its_first_to_its_last_moment(given: Parameters) -> None:
    resources = Stack.of(**given).resources()
    reached: set[str] = set()
    waiting = ["DatabaseSchema"]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in resources:
            continue
        reached.add(name)
        waiting += needs_of(resources[name])
    ways = {"PrivateRoutesA", "PrivateRoutesB", "S3Endpoint", "DatabaseInstance", "DatabaseIngress"}
    ways |= {"PublicRoute", "PublicRoutesOfSubnet"} if given else {"SecretsManagerEndpoint"}
    assert ways <= reached
    # A proxy signs in as the roles that the migration makes.
    assert "DatabaseProxyTargets" not in reached
