"""An embedding endpoint on this machine that answers as a test scripts it."""

import base64
import json
import struct
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

type Answer = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer: sent after `delay` seconds; `body` is bytes, or made from the request as JSON."""

    body: Answer | bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    headers: dict[str, str]
    body: Any


class EmbeddingEndpoint(AbstractContextManager["EmbeddingEndpoint"]):
    """Gives each request the next of `first`, and `usual` when those are used up."""

    def __init__(self, usual: Answer) -> None:
        self.usual = Scripted(usual)
        self.first: list[Scripted] = []
        self.received: list[Received] = []
        self.most_at_once = 0
        self._running = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, request: Received) -> Scripted:
        with self._lock:
            self.received.append(request)
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
            return self.first.pop(0) if self.first else self.usual

    def _finish(self) -> None:
        with self._lock:
            self._running -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                request = Received(self.path, dict(self.headers), json.loads(content))
                answer = endpoint._take(request)
                time.sleep(answer.delay)
                body = answer.body
                sent = body if isinstance(body, bytes) else json.dumps(body(request.body)).encode()
                endpoint._finish()
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(sent)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(sent)
                except ConnectionError:
                    # The caller stopped waiting, as some tests want.
                    self.close_connection = True

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler


def number_of(text: str) -> list[float]:
    """The vector that the endpoint gives a text: a direction in the plane, not of unit length."""
    return [3.0, float(len(text))]


def packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
