"""What CloudFormation gives a custom resource: an event, and an address that takes the answer."""

import datetime as dt
import ipaddress
import json
import ssl
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.builders.events import Event

STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/concord/1"
SIGNED = "/answers/concord?X-Amz-Signature=0123abcd&X-Amz-Expires=7200"


def custom_resource_event(kind: str, answer_url: str, **properties: object) -> Event:
    """What CloudFormation sends for a resource of the template; anything but a Create knows its id."""
    event: Event = {
        "RequestType": kind,
        "ResponseURL": answer_url,
        "StackId": STACK,
        "RequestId": str(uuid.uuid4()),
        "LogicalResourceId": "DatabaseSchema",
        "ResourceType": "Custom::DatabaseSchema",
        "ServiceToken": "arn:aws:lambda:eu-central-1:123456789012:function:migrate",
        "ResourceProperties": {"ServiceToken": "arn:aws:lambda:eu-central-1:123456789012:function:migrate"},
    }
    event["ResourceProperties"] |= properties
    return event if kind == "Create" else {**event, "PhysicalResourceId": "as-created"}


@dataclass
class AnswerAddress:
    """A server at `url` that answers each PUT with the next of `statuses`, and 200 when there are no more."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def answer(self) -> Any:
        """The one answer that was given."""
        (request,) = self.requests
        return json.loads(request[2])


@contextmanager
def answer_address(statuses: Sequence[int] = (), certificate: Path | None = None) -> Iterator[AnswerAddress]:
    """With a `certificate`, and its key beside it, the address is spoken to in TLS."""
    address = AnswerAddress(statuses=list(statuses))

    class Taker(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            address.requests.append(
                (self.path, {name.lower(): text for name, text in self.headers.items()}, body)
            )
            self.send_response(address.statuses.pop(0) if address.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is to be said."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    address.url = f"{scheme}://127.0.0.1:{server.server_port}{SIGNED}"
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    yield address
    server.shutdown()
    server.server_close()
    thread.join()


def write_certificate(folder: Path) -> Path:
    """A certificate of its own authority for 127.0.0.1, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(private + certificate.public_bytes(pem))
    return path
