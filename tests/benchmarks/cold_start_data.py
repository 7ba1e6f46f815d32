"""What the functions of the cold-start benchmark read: a database as deployed, behind TCP, with passwords."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from shared.config import EmbeddingSettings
from shared.database.connections import open_connection
from shared.database.migrations import apply_migrations
from shared.domain.documents import DocumentInput
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.provider import open_embedder
from tests.builders.events import Event, sqs_event
from tests.builders.library import Library, settings_of
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres
from tests.builders.postgres_proxy import postgres_proxy
from tests.builders.secrets_manager import running_secrets_manager

_VERSION = 18
_USER = "function"
# RDS asks IAM about a token; here whoever brings one is let in.
_IAM_USER = "signed_in"
_ACCESS = f"local all postgres,{_IAM_USER} trust\nlocal all all scram-sha-256\n"
_BODIES = ("The moon is far.", "The sea is deep.")


class Data:
    """A collection `library` with a document `one`.

    `with_secret`, `with_url` and `with_iam` are what a function's environment says of the database.
    """

    def __init__(self, owner_url: str, port: int, password: str) -> None:
        self.endpoint = f"127.0.0.1:{port}/postgres"
        self.with_url = {"DATABASE_URL": f"postgresql://{_USER}:{password}@{self.endpoint}"}
        self.with_iam = {"DATABASE_IAM_USER": _IAM_USER, "DATABASE_ENDPOINT": self.endpoint}
        self.with_secret: dict[str, str] = {}
        self.settings = settings_of(owner_url)
        self.embedder = open_embedder(EmbeddingSettings(embedding_model_dir=ensure_model_files()))
        self._changes = 0
        self._last_message = ""

    async def write(self) -> Library:
        """The document is changed and waits for its vectors; the library remembers the message."""
        self._changes += 1
        library = Library(open_connection(self.settings), self.embedder)
        body = _BODIES[self._changes % len(_BODIES)]
        await library.upsert(DocumentInput(id="one", title="One", body=body))
        return library

    def pending(self) -> Event:
        """The event of a document that waits for its vectors."""

        async def write() -> str:
            library = await self.write()
            await library.database.aclose()
            return library.queue.requests[0].to_message()

        self._last_message = asyncio.run(write())
        return sqs_event(self._last_message)

    def pending_no_more(self) -> Event:
        """The last of these events, when somebody has embedded its document."""
        return sqs_event(self._last_message)

    async def prepare(self, owner_url: str) -> None:
        await apply_migrations(owner_url)
        library = Library(open_connection(self.settings), self.embedder)
        await library.create()
        await library.database.aclose()
        library = await self.write()
        await library.embed()
        await library.database.aclose()


@contextmanager
def deployed_data() -> Iterator[Data]:
    """The database and its secret, and an environment of this process that leads to moto."""
    password = secrets.token_hex(16)
    with folder_for_servers() as folder, running_secrets_manager() as manager:
        url = start_postgres(Path(folder), _VERSION)
        with psycopg.connect(url, autocommit=True) as connection:
            statement = sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}")
            for user in (_USER, _IAM_USER):
                connection.execute(statement.format(sql.Identifier(user), sql.Literal(password)))
            (Path(folder) / "pg_hba.conf").write_text(_ACCESS)
            connection.execute("SELECT pg_reload_conf()")
        with postgres_proxy(url) as proxy:
            data = Data(url, proxy.port, password)
            asyncio.run(data.prepare(url))
            host, _, port = f"127.0.0.1:{proxy.port}".partition(":")
            secret = {"username": _USER, "password": password, "host": host, "port": int(port)}
            arn = manager.add({**secret, "dbname": "postgres"})
            data.with_secret = {"DATABASE_SECRET_ARN": arn, "AWS_ENDPOINT_URL": manager.url}
            yield data
        stop_postgres(Path(folder), _VERSION)
