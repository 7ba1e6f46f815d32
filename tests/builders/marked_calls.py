"""Calls of the functions in which everything that must stay secret carries a mark, well done and gone wrong.

    python -m tests.builders.marked_calls OUTCOMES PROVIDER

Runs in a process of its own, whose logging is as on Lambda with the most detail, on the database at
DATABASE_URL and with an embedding provider at PROVIDER that refuses everything. What each call came to is
written into the file OUTCOMES, as JSON.
"""

import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from shared.errors import ConcordError
from shared.local.function_list import list_functions
from tests.builders.events import http_event, sqs_event
from tests.builders.functions import Functions

MARK = "5ecre7"
KEY = f"{MARK}-key"
NOBODY = f"postgresql://somebody:{MARK}-password@127.0.0.1:1/x"
GOOD = {
    "id": "a",
    "title": f"{MARK} title",
    "body": f"{MARK} body of a river.",
    "metadata": {"topic": f"{MARK} topic"},
}
PROVIDERS = {
    "openai": {"EMBEDDING_MODEL": "small", "EMBEDDING_DIMENSIONS": "8", "OPENAI_API_KEY": f"{MARK}-openai"},
    "bedrock": {"EMBEDDING_MODEL": "amazon.titan-embed-text-v2:0", "EMBEDDING_DIMENSIONS": "256"},
}

type Outcome = tuple[str, int | str]


class Caller:
    """Calls functions as they are configured now, and keeps what came of it."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def http(
        self, functions: Functions, name: str, method: str, path: str, body: object = None, *, key: str = KEY
    ) -> None:
        event = http_event(method, path, body, headers={"authorization": f"Bearer {key}"})
        self.outcomes.append((name, functions(name, event, raw=True)["statusCode"]))

    def process(self, functions: Functions, name: str, event: dict[str, Any]) -> None:
        try:
            answer = functions.process(name, event)
        except ConcordError as error:
            self.outcomes.append((name, error.code))
        else:
            self.outcomes.append((name, len(answer.get("batchItemFailures", ()))))


@contextmanager
def configured(**environment: str) -> Iterator[Functions]:
    """All functions, with that in their environment."""
    before = dict(os.environ)
    os.environ.update(environment)
    functions = Functions()
    try:
        yield functions
    finally:
        functions.close()
        os.environ.clear()
        os.environ.update(before)


def call_all(caller: Caller, provider: str, address: str) -> None:
    """What succeeds, what is refused, and what a provider, a queue, a cache and a database do wrong."""
    collection = f"/v1/collections/{provider}"
    documents, search = f"{collection}/documents", f"{collection}/search"
    asked = {"q": f"{MARK} question", "filter": f'topic = "{MARK} topic"'}
    embedding = {
        "EMBEDDING_PROVIDER": provider,
        "OPENAI_BASE_URL": address,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": address,
        **PROVIDERS[provider],
    }
    with configured(**embedding) as functions:
        call = partial(caller.http, functions)
        call("collections_create", "POST", "/v1/collections", {"name": provider})
        call("documents_upsert", "POST", documents, {"documents": [GOOD]})
        call("documents_get", "GET", f"{documents}/a")
        call("documents_update", "PATCH", f"{documents}/a", {"title": f"{MARK} new"})
        call("documents_search", "POST", search, asked)
        caller.process(functions, "chunks_embed", {"schedule": "now"})
        call("documents_upsert", "POST", documents, {"documents": [{**GOOD, "id": 1}]})
        call("documents_upsert", "POST", documents, f'{{"documents": "{MARK}')
        call("documents_upsert", "POST", documents, MARK * 1_000_000)
        call("documents_search", "POST", search, {"q": "x", "filter": f"{MARK} == {MARK}"})
        call("documents_search", "POST", search, {"q": "x", "filter": f"{MARK} = 1"})
        call("documents_list", "GET", documents, key=f"{MARK}-wrong")
        call("documents_get", "GET", f"{documents}/{MARK}")
        call("documents_delete_by_filter", "POST", f"{documents}/delete", {"filter": f'topic = "{MARK} '})
        malformed = (MARK, f'{{"{MARK}": 1}}', f'{{"maintain": "{MARK}"}}')
        caller.process(functions, "chunks_embed", sqs_event(*malformed))
        caller.process(functions, "indexes_maintain", sqs_event(*malformed))
    redis = f"redis://:{MARK}-password@127.0.0.1:1/0"
    with configured(**embedding, REDIS_URL=redis, EMBED_QUEUE_URL=f"{address}/1/embed") as functions:
        caller.http(functions, "documents_upsert", "POST", documents, {"documents": [{**GOOD, "id": "b"}]})
        caller.http(functions, "documents_search", "POST", search, asked)
    with configured(**embedding, DATABASE_URL=NOBODY) as functions:
        caller.http(functions, "documents_upsert", "POST", documents, {"documents": [GOOD]})
        caller.http(functions, "documents_search", "POST", search, asked)
        caller.process(functions, "chunks_embed", sqs_event('{"collection_id": 1, "document_numbers": [1]}'))
        caller.process(functions, "indexes_maintain", {"schedule": "now"})
    with configured(**embedding) as functions:
        broken = {"database": Broken()}
        event = http_event("GET", documents, headers={"authorization": f"Bearer {KEY}"})
        caller.outcomes.append(("broken", functions("documents_list", event, replace=broken)["statusCode"]))


class Broken:
    """A database that nobody foresaw."""

    def unit_of_work(self, principal: object) -> object:
        raise ValueError(f"{MARK} {principal}")

    async def aclose(self) -> None:
        """There is nothing to close."""


def main() -> None:
    outcomes, address = Path(sys.argv[1]), sys.argv[2]
    for function in list_functions():
        function.load()
    # As Lambda's runtime does, of which an account may ask for everything.
    logging.basicConfig(stream=sys.stdout, level=logging.DEBUG)
    os.environ["AWS_LAMBDA_FUNCTION_NAME"] = "a-function"
    os.environ["LOG_LEVEL"] = "DEBUG"
    os.environ["ADMIN_KEY_HASH"] = hashlib.sha256(KEY.encode()).hexdigest()
    os.environ["AWS_SECRET_ACCESS_KEY"] = f"{MARK}-aws"
    caller = Caller()
    for provider in PROVIDERS:
        call_all(caller, provider, address)
    outcomes.write_text(json.dumps(caller.outcomes))


if __name__ == "__main__":
    main()
