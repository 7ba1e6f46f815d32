"""`concord redrive`: messages and documents that were given up get another start."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import pytest

from shared.domain.embedding_jobs import EmbedRequest
from shared.queues.dead_letters import DeadLetterQueue
from tests.builders.command_line import concord
from tests.builders.embedding_state import execute
from tests.builders.sqs import Queue, make_queue, sqs_server

FAIL = """
UPDATE concord.embedding_job j SET state = 'failed', attempts = 5, error = 'No.' FROM concord.document d
WHERE d.collection_id = j.collection_id AND d.number = j.document_number AND d.id <> 'new'
"""


@pytest.fixture(scope="module", autouse=True)
def sqs() -> Iterator[str]:
    """The address of an SQS."""
    with sqs_server() as address:
        yield address


@pytest.fixture
def queue() -> Queue:
    return make_queue()


def give_up(queue: Queue, *bodies: str) -> None:
    for body in bodies:
        queue.client.send_message(
            QueueUrl=queue.dead_letters,
            MessageBody=body,
            MessageAttributes={"trace": {"DataType": "String", "StringValue": body[:10]}},
        )


def test_messages_go_back_to_where_they_came_from(queue: Queue) -> None:
    bodies = [f"message {number:02}" for number in range(23)]
    give_up(queue, *bodies)
    counted = concord("redrive", "--queue", queue.dead_letters, "--dry-run", "--json")
    name = queue.url.rsplit("/", 1)[-1]
    messages = {"from": f"{name}-dead-letters", "to": name, "moved": 23, "refused": 0}
    assert (counted.code, counted.json) == (0, {"dry_run": True, "messages": messages, "documents": None})
    assert (queue.dead(), queue.waiting()) == (23, 0)
    # By its name as by its URL.
    moved = concord("redrive", "--queue", f"{name}-dead-letters", "--json")
    assert (moved.code, moved.json) == (0, {**counted.json, "dry_run": False})
    assert (queue.dead(), queue.waiting()) == (0, 23)
    received = queue.client.receive_message(QueueUrl=queue.url, MessageAttributeNames=["All"])["Messages"][0]
    assert received["MessageAttributes"]["trace"]["StringValue"] == received["Body"]
    again = concord("redrive", "--queue", queue.dead_letters)
    assert again.out == f"messages moved from {name}-dead-letters to {name}: 0\n"


class RefusingSqs(ThreadingHTTPServer):
    """Passes everything on to the server behind it, but for messages that say `bad`: those it refuses."""

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), RefusingHandler)
        self.behind = behind


class RefusingHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, RefusingSqs)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        failed: list[dict[str, Any]] = []
        if self.headers["X-Amz-Target"] == "AmazonSQS.SendMessageBatch":
            asked = json.loads(body)
            entries = {entry["Id"]: entry for entry in asked["Entries"]}
            bad = [name for name, entry in entries.items() if "bad" in entry["MessageBody"]]
            failed = [{"Id": name, "SenderFault": True, "Code": "InternalError"} for name in bad]
            asked["Entries"] = [entry for name, entry in entries.items() if name not in bad]
            body = json.dumps(asked).encode() if asked["Entries"] else b""
        answer: dict[str, Any] = {}
        if body:
            headers = {name: self.headers[name] for name in ("Content-Type", "X-Amz-Target", "Authorization")}
            with urlopen(Request(self.server.behind, body, headers)) as behind:
                answer = json.loads(behind.read() or "{}")
        encoded = json.dumps({**answer, **({"Failed": failed} if failed else {})}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the overridden name
        """Keep the test's output clean."""


@pytest.fixture
def _refusing_sqs(sqs: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with RefusingSqs(sqs) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("_refusing_sqs")
def test_messages_that_are_refused_stay(queue: Queue) -> None:
    give_up(queue, "good", "bad", "better")
    moved = concord("redrive", "--queue", queue.dead_letters)
    assert moved.code == 1
    assert moved.out.splitlines()[0].endswith(": 2")
    assert moved.out.splitlines()[1:] == ["messages refused and left: 1"]
    assert (queue.dead(), queue.bodies(queue.url)) == (1, ["better", "good"])


@pytest.mark.usefixtures("_refusing_sqs")
def test_a_batch_of_which_all_are_refused_stays(queue: Queue) -> None:
    give_up(queue, "bad", "bad")
    moved = concord("redrive", "--queue", queue.dead_letters, "--json")
    assert (moved.code, moved.json["messages"]["refused"]) == (1, 2)
    assert (queue.dead(), queue.waiting()) == (2, 0)


def test_an_interrupted_move_loses_nothing(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    give_up(queue, "a", "b")

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(DeadLetterQueue, "_delete", interrupt)
        assert concord("redrive", "--queue", queue.dead_letters).code == 1
    assert (queue.bodies(queue.url), queue.dead()) == (["a", "b"], 2)


def test_other_queues_are_refused(queue: Queue) -> None:
    name = queue.url.rsplit("/", 1)[-1]
    of_none = concord("redrive", "--queue", queue.url)
    assert (of_none.code, of_none.out) == (1, "")
    assert of_none.said.endswith("it is that of: none.\n")
    attributes = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["RedrivePolicy"])
    policy = attributes["Attributes"]["RedrivePolicy"]
    queue.client.create_queue(QueueName=f"{name}-other", Attributes={"RedrivePolicy": policy})
    of_two = concord("redrive", "--queue", queue.dead_letters)
    assert of_two.code == 1
    assert f"{name}, {name}-other" in of_two.said
    unknown = concord("redrive", "--queue", "nobody")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.said == "error: nobody: SQS answered with AWS.SimpleQueueService.NonExistentQueue.\n"


def test_sqs_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{port}")
    refused = concord("redrive", "--queue", "embed")
    assert (refused.code, refused.said) == (
        1,
        "error: embed: SQS cannot be asked (EndpointConnectionError).\n",
    )


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [((), "--queue, --failed or both"), (("--queue", "q", "--collection", "c"), "give --failed")],
)
def test_what_is_not_said_is_asked_for(arguments: tuple[str, ...], hint: str) -> None:
    refused = concord("redrive", *arguments)
    assert refused.code == 2
    assert hint in " ".join(refused.said.split())


@pytest.fixture
def failed_documents(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with three failed documents in `guides`, two in `notes` and one in each that waits."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    for name, count in (("guides", 3), ("notes", 2)):
        ids = [*(f"d{number}" for number in range(count)), "new"]
        lines = "\n".join(f'{{"id": "{id_}", "body": "Text."}}' for id_ in ids)
        assert concord("ingest", "-", "-c", name, stdin=lines.encode()).code == 0
    execute(database_url, FAIL)
    return database_url


def states(database_url: str) -> dict[str, dict[str, str]]:
    rows = execute(
        database_url,
        "SELECT c.name, d.id, j.state::text FROM concord.embedding_job j"
        " JOIN concord.document d ON d.collection_id = j.collection_id AND d.number = j.document_number"
        " JOIN concord.collection c ON c.id = j.collection_id ORDER BY 1, 2",
    )
    found: dict[str, dict[str, str]] = {}
    for collection, name, state in rows:
        found.setdefault(collection, {})[name] = state
    return found


def test_failed_documents_are_tried_again(
    failed_documents: str, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBED_QUEUE_URL", queue.url)
    monkeypatch.setattr("shared.services.retry_failed_documents.DOCUMENTS_PER_UNIT", 2)
    before = states(failed_documents)
    assert before["guides"] == {"d0": "failed", "d1": "failed", "d2": "failed", "new": "pending"}
    counted = concord("redrive", "--failed", "--dry-run")
    assert (counted.code, states(failed_documents)) == (0, before)
    assert counted.out == "documents would be tried again: 5\n  guides: 3\n  notes: 2\n"
    one = concord("redrive", "--failed", "-c", "guides", "--json")
    documents = {"retried": 3, "collections": {"guides": 3}}
    assert (one.code, one.json) == (0, {"dry_run": False, "messages": None, "documents": documents})
    after = states(failed_documents)
    assert (set(after["guides"].values()), after["notes"]) == ({"pending"}, before["notes"])
    job = "SELECT DISTINCT attempts, error FROM concord.embedding_job WHERE collection_id = 1"
    assert execute(failed_documents, job) == [(0, None)]
    # Two units of work, of two documents and of one.
    sent = [EmbedRequest.from_message(body) for body in queue.bodies(queue.url)]
    assert sent == [EmbedRequest(1, (1, 2)), EmbedRequest(1, (3,))]
    both = concord("redrive", "--failed", "--queue", queue.dead_letters, "--json").json
    assert (both["messages"]["moved"], both["documents"]["collections"]) == (0, {"notes": 2})
    assert concord("redrive", "--failed").out == "documents tried again: 0\n"
    nothing = concord("redrive", "--failed", "-c", "nothing")
    assert (nothing.code, "no nothing" in nothing.said) == (1, True)


def test_what_fails_again_meanwhile_is_left(failed_documents: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.services.retry_failed_documents.DOCUMENTS_PER_UNIT", 1)
    trigger = """
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.state := 'failed'; RETURN NEW; END $$;
        CREATE TRIGGER fail BEFORE UPDATE ON concord.embedding_job FOR EACH ROW EXECUTE FUNCTION fail();
    """
    execute(failed_documents, trigger)
    assert concord("redrive", "--failed", "-c", "guides", "--json").json["documents"]["retried"] == 3
