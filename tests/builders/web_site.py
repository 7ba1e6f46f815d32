"""A web site on this machine, whose pages a test changes as it goes on."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Page:
    """What is answered at an address. `write` sends the body by itself, part after part."""

    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    etag: str | None = None
    last_modified: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    write: Callable[[Callable[[bytes], object]], object] | None = None


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]
    at: float


class WebSite:
    """Answers conditional requests with 304 as long as a page's validators are the same."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        self.url = ""

    def paths(self) -> list[str]:
        """What has been asked for, but for robots.txt."""
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]

    def article(self, path: str, title: str, text: str, *, etag: str | None = None) -> str:
        """Put a text there, in Markdown; returns its address."""
        body = f"# {title}\n\n{text}\n"
        self.pages[path] = Page(body.encode(), content_type="text/markdown", etag=etag)
        return f"{self.url}{path}"


def _handler(site: WebSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            # Headers and body are two small writes, which would wait for each other.
            self.connection.setsockopt(6, 1, 1)

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.asked.append(Asked(self.path, headers, time.monotonic()))
            page = site.pages.get(urlsplit(self.path).path) or site.pages.get("*") or Page(b"", status=404)
            self._answer(page, headers)

        def _answer(self, page: Page, headers: dict[str, str]) -> None:
            asked = (headers.get("if-none-match"), headers.get("if-modified-since"))
            known = (page.etag is not None and asked[0] == page.etag) or (
                page.etag is None and page.last_modified is not None and asked[1] == page.last_modified
            )
            self.send_response(304 if known else page.status)
            sent = {"etag": page.etag, "last-modified": page.last_modified, **page.headers}
            for name, value in sent.items():
                if value is not None:
                    self.send_header(name, value)
            if known:
                self.end_headers()
                return
            self.send_header("content-type", page.content_type)
            if page.write is None:
                self.send_header("content-length", str(len(page.body)))
                self.end_headers()
                self.wfile.write(page.body)
                return
            self.send_header("connection", "close")
            self.end_headers()
            try:
                page.write(self.wfile.write)
            except OSError:
                self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            """Tests read what was asked from the site."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_arguments: object) -> None:
        """Clients that hang up are what some tests are about."""


@contextmanager
def open_web_site(tls: ssl.SSLContext | None = None) -> Iterator[WebSite]:
    site = WebSite()
    server = _Server(("127.0.0.1", 0), _handler(site))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site.url = f"http{'' if tls is None else 's'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
