"""The `aws` container: a moto server and, made anew at each start, what a deployment has.

Everything is in memory. Any credentials will do; the region is us-east-1, the account 123456789012.
"""
# ruff: noqa: INP001 - a program that the image runs by its path.

import json
import logging
import os
import signal

import boto3
from moto.server import ThreadedMotoServer

PORT = 4566
BUCKET = "concord-imports"
SECRET = "concord/database"  # noqa: S105 - its name.
# As in template.yaml: for how many seconds a message that was received is hidden from others, and how often
# one is received before it ends up in `<name>-dead-letters`.
QUEUES = {
    "concord-embed": (1800, 8),
    "concord-maintain": (2100, 8),
    "concord-fetch": (1740, 3),
    "concord-jwks": (540, 3),
    "concord-usage": (420, 8),
}


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    ending = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    # Or every health check is a line.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="0.0.0.0", port=PORT, verbose=False)  # noqa: S104 - a container's.
    server.start()
    make_resources()
    signal.sigwait(ending)
    server.stop()


def make_resources() -> None:
    session = boto3.session.Session("any", "any", region_name="us-east-1")
    address = f"http://127.0.0.1:{PORT}"
    sqs = session.client("sqs", endpoint_url=address)
    for name, (hidden_seconds, deliveries) in QUEUES.items():
        dead_letters = sqs.create_queue(QueueName=f"{name}-dead-letters")["QueueUrl"]
        described = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
        redrive = {
            "deadLetterTargetArn": described["Attributes"]["QueueArn"],
            "maxReceiveCount": deliveries,
        }
        sqs.create_queue(
            QueueName=name,
            Attributes={"VisibilityTimeout": str(hidden_seconds), "RedrivePolicy": json.dumps(redrive)},
        )
    secrets = session.client("secretsmanager", endpoint_url=address)
    secrets.create_secret(Name=SECRET, SecretString=json.dumps(database_secret()))
    # Last, as the container's health check asks for it.
    session.client("s3", endpoint_url=address).create_bucket(Bucket=BUCKET)


def database_secret() -> dict[str, str | int]:
    """As Secrets Manager keeps it for a database of RDS."""
    return {
        "engine": "postgres",
        "host": "postgres",
        "port": 5432,
        "username": "concord",
        "password": os.environ["POSTGRES_PASSWORD"],
        "dbname": "concord",
    }


if __name__ == "__main__":
    main()
