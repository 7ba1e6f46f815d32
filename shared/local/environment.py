"""What a deployment's environment gives the functions, on a laptop."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum, auto

from shared.config import MigrationSettings, load_environment_file, load_settings
from shared.database.migrations import apply_migrations, migration_status
from shared.database.secrets import migration_url
from shared.errors import MigrationError
from shared.local.folder import laptop_folder
from shared.local.postgres import embedded_postgres
from shared.local.redis import embedded_redis, running_redis

EMBED_QUEUE_URL = "in-process:embed"


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

    DATABASE_URL or DATABASE_SECRET_ARN win over the embedded Postgres. A Redis is started when asked
    for, and used when another command has started it, as its answers must not outlive our writes.
    Raises PostgresNotStarted, RedisNotStarted, MigrationError, DatabaseUnavailable, ConfigurationError.
    """
    load_environment_file()
    with ExitStack() as stack:
        is_embedded = not (os.environ.get("DATABASE_URL") or os.environ.get("DATABASE_SECRET_ARN"))
        if is_embedded:
            url = stack.enter_context(embedded_postgres(laptop_folder()))
            stack.enter_context(_set("DATABASE_URL", url))
            # No transaction pooler stands in between.
            stack.enter_context(_set("DATABASE_PREPARED_STATEMENTS", "true"))
            if not os.environ.get("REDIS_URL"):
                _join_redis(stack, start=with_redis)
        if not os.environ.get("EMBED_QUEUE_URL"):
            stack.enter_context(_set("EMBED_QUEUE_URL", EMBED_QUEUE_URL))
        _migrate(migrations, is_embedded=is_embedded)
        yield


def _join_redis(stack: ExitStack, *, start: bool) -> None:
    folder = laptop_folder()
    if start or running_redis(folder):
        stack.enter_context(_set("REDIS_URL", stack.enter_context(embedded_redis(folder))))


def _migrate(migrations: Migrations, *, is_embedded: bool) -> None:
    if migrations is Migrations.LEAVE:
        return
    url = migration_url(load_settings(MigrationSettings))
    if is_embedded or migrations is Migrations.APPLY:
        asyncio.run(apply_migrations(url))
    elif migrations is Migrations.APPLY_TO_EMBEDDED_ELSE_REFUSE:
        pending = asyncio.run(migration_status(url)).pending
        if pending:
            raise MigrationError(f"The database lacks {', '.join(pending)}. Run `concord migrate`.")


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
