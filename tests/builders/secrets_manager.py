"""Secrets Manager as moto serves it, over HTTP on this machine."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from shared.aws.secrets import forget_secrets

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

REGION = "eu-central-1"
# What changes how AWS is called, and may be set in a developer's shell.
OF_A_SHELL = (
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
)


class SecretsManager:
    """Holds secrets; from `check_callers` on it asks who calls, what for, and whether the signature fits."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: SecretsManagerClient = boto3.client("secretsmanager", endpoint_url=url)

    def add(self, value: object) -> str:
        """The ARN of a new secret: a text, or JSON of anything else."""
        text = value if isinstance(value, str) else json.dumps(value)
        return self.client.create_secret(Name=f"test-{uuid.uuid4()}", SecretString=text)["ARN"]

    def change(self, arn: str, value: object) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.client.put_secret_value(SecretId=arn, SecretString=text)

    def remove(self, arn: str) -> None:
        self.client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)

    def add_user(self, *actions: str) -> tuple[str, str]:
        """The access key and the secret key of a new user who may do that."""
        iam = boto3.client("iam", endpoint_url=self.url)
        name = f"user-{uuid.uuid4()}"
        iam.create_user(UserName=name)
        if actions:
            statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def check_callers(self, *, after: float = 0) -> None:
        headers = {"content-type": "text/plain"}
        url = f"{self.url}/moto-api/reset-auth"
        urlopen(Request(url, str(after).encode(), headers, method="POST")).close()


@contextmanager
def running_secrets_manager() -> Iterator[SecretsManager]:
    """A server, and an environment that leads to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        for name in OF_A_SHELL:
            environment.delenv(name, raising=False)
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        environment.setenv("AWS_REGION", REGION)
        environment.setenv("AWS_DEFAULT_REGION", REGION)
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        forget_secrets()
        manager = SecretsManager(f"http://{host}:{port}")
        yield manager
        manager.check_callers(after=float("inf"))
        forget_secrets()
    server.stop()
