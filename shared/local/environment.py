"""What a deployment's environment gives the functions, on a laptop."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum, auto

from shared.config import DatabaseSettings, EmbeddingProvider, load_environment_file, load_settings
from shared.database.addresses import migration_url
from shared.database.connections import open_connection
from shared.database.migration_settings import MigrationSettings
from shared.database.migrations import apply_migrations, migration_status
from shared.domain.principals import WORKER
from shared.embeddings.local_model_build import ensure_model_files, has_weights
from shared.embeddings.local_model_files import MODEL, MODELS
from shared.errors import MigrationError
from shared.local.folder import laptop_folder
from shared.local.key_secret import laptop_key_secret
from shared.local.postgres import EmbeddedPostgres, embedded_postgres
from shared.local.redis import embedded_redis, running_redis
from shared.repositories import recovery

EMBED_QUEUE_URL = "in-process:embed"
FETCH_QUEUE_URL = "in-process:fetch"
USAGE_QUEUE_URL = "in-process:usage"
JWKS_QUEUE_URL = "in-process:jwks"
_QUEUES = {
    "EMBED_QUEUE_URL": EMBED_QUEUE_URL,
    "FETCH_QUEUE_URL": FETCH_QUEUE_URL,
    "JWKS_QUEUE_URL": JWKS_QUEUE_URL,
    "USAGE_QUEUE_URL": USAGE_QUEUE_URL,
}
_WAYS_TO_A_DATABASE = ("DATABASE_URL", "DATABASE_SECRET_ARN", "DATABASE_IAM_USER")


class Migrations(Enum):
    """What to do about migrations that a database lacks.

    The embedded database is Concord's own; any other's owner decides for himself.
    """

    APPLY = auto()
    APPLY_TO_EMBEDDED_ELSE_REFUSE = auto()
    APPLY_TO_EMBEDDED = auto()
    LEAVE = auto()


@contextmanager
def laptop_environment(
    *, migrations: Migrations = Migrations.APPLY_TO_EMBEDDED_ELSE_REFUSE, with_redis: bool = False
) -> Iterator[None]:
    """Set what the functions read from the environment, starting what is not configured.

    A database that the settings name wins over the embedded Postgres. A Redis is started when asked for,
    and used when another command has started it, as its answers must not outlive our writes.
    Raises PostgresNotStarted, RedisNotStarted, MigrationError, DatabaseUnavailable, ConfigurationError.
    """
    load_environment_file()
    with ExitStack() as stack:
        postgres = None
        if not any(os.environ.get(name) for name in _WAYS_TO_A_DATABASE):
            postgres = stack.enter_context(embedded_postgres(laptop_folder()))
            stack.enter_context(_set("DATABASE_URL", postgres.url))
            # No transaction pooler stands in between.
            stack.enter_context(_set("DATABASE_PREPARED_STATEMENTS", "true"))
            if not os.environ.get("REDIS_URL"):
                _join_redis(stack, start=with_redis)
        if not os.environ.get("KEY_HASH_SECRET"):
            stack.enter_context(_set("KEY_HASH_SECRET", laptop_key_secret(laptop_folder())))
        _build_model(stack)
        for name, url in _QUEUES.items():
            if not os.environ.get(name):
                stack.enter_context(_set(name, url))
        if not os.environ.get("IMPORT_BUCKET"):
            stack.enter_context(_set("IMPORT_BUCKET", f"folder:{laptop_folder() / 'objects'}"))
        if migrations is not Migrations.LEAVE:
            asyncio.run(_prepare(migrations, postgres))
        yield


async def _prepare(migrations: Migrations, postgres: EmbeddedPostgres | None) -> None:
    if postgres is not None:
        # Whatever DATABASE_MIGRATION_URL says: that is another database's.
        await apply_migrations(postgres.url)
        if postgres.was_unused:
            await _free_claims()
        return
    url = migration_url(load_settings(MigrationSettings))
    if migrations is Migrations.APPLY:
        await apply_migrations(url)
    elif migrations is Migrations.APPLY_TO_EMBEDDED_ELSE_REFUSE:
        pending = (await migration_status(url)).pending
        if pending:
            raise MigrationError(f"The database lacks {', '.join(pending)}. Run `concord migrate`.")


async def _free_claims() -> None:
    """Nobody else is there, so who holds a claim was killed: its work need not wait for the lease's end."""
    database = open_connection(load_settings(DatabaseSettings))
    try:
        async with database.unit_of_work(WORKER) as unit:
            await recovery.free_claims(unit)
    finally:
        await database.aclose()


def _build_model(stack: ExitStack) -> None:
    """Functions are given a built model; where there are no weights for one, they say what they lack."""
    is_local = os.environ.get("EMBEDDING_PROVIDER", "") in {"", EmbeddingProvider.LOCAL}
    is_next_local = os.environ.get("EMBEDDING_NEXT_PROVIDER", "") == EmbeddingProvider.LOCAL
    for prefix, wanted in (("EMBEDDING_", is_local), ("EMBEDDING_NEXT_", is_next_local)):
        model = os.environ.get(f"{prefix}MODEL") or MODEL
        if wanted and model in MODELS and not os.environ.get(f"{prefix}MODEL_DIR") and has_weights():
            stack.enter_context(_set(f"{prefix}MODEL_DIR", str(ensure_model_files(model=model))))


def _join_redis(stack: ExitStack, *, start: bool) -> None:
    folder = laptop_folder()
    if start or running_redis(folder):
        stack.enter_context(_set("REDIS_URL", stack.enter_context(embedded_redis(folder))))


@contextmanager
def _set(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
