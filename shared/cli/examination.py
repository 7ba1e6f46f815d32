"""What `concord doctor` looks at."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.cache.opening import open_cache
from shared.cache.protocol import CacheKey, CacheState
from shared.cli.console import describe
from shared.config import (
    CacheSettings,
    ConfigurationError,
    DatabaseSettings,
    EmbeddingSettings,
    load_settings,
)
from shared.database.addresses import migration_url
from shared.database.connections import open_connection
from shared.database.migration_settings import MigrationSettings
from shared.database.migrations import migration_status
from shared.domain.principals import WORKER
from shared.embeddings.provider import open_embedder
from shared.errors import ConcordError
from shared.local.environment import Migrations, laptop_environment
from shared.local.function_list import list_functions
from shared.repositories import diagnostics, embedding_spaces

# The floor that Concord promises to run on.
OLDEST_SERVER = (16,)
OLDEST_PGVECTOR = (0, 8)
_SCOPE = "doctor"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    finding: str

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "ok": self.ok, "finding": self.finding}


def examine() -> list[Check]:
    """Every check, even when an earlier one finds something wrong."""
    try:
        with laptop_environment(migrations=Migrations.APPLY_TO_EMBEDDED):
            return [_check_settings(), *asyncio.run(_examine_services())]
    except (ConcordError, ConfigurationError) as error:
        return [_check_settings(), Check("database", ok=False, finding=describe(error))]


def _check_settings() -> Check:
    """Those of every function."""
    problems: set[str] = set()
    for function in list_functions():
        try:
            load_settings(function.load().settings)
        except ConfigurationError as error:
            problems.update(line.strip() for line in error.message.splitlines()[1:])
    return Check("settings", ok=not problems, finding="; ".join(sorted(problems)) or "complete")


async def _examine_services() -> list[Check]:
    examinations: list[tuple[str, Callable[[], Awaitable[list[Check]]]]] = [
        ("database", _check_database),
        ("migrations", _check_migrations),
        ("redis", _check_redis),
        ("embedder", _check_embedder),
    ]
    checks = []
    for name, examination in examinations:
        try:
            checks += await examination()
        except (ConcordError, ConfigurationError) as error:
            checks.append(Check(name, ok=False, finding=describe(error)))
    return checks


async def _check_database() -> list[Check]:
    database = open_connection(load_settings(DatabaseSettings))
    try:
        async with database.unit_of_work(WORKER) as unit:
            versions = await diagnostics.find_versions(unit)
            invalid = await diagnostics.list_invalid_indexes(unit)
    finally:
        await database.aclose()
    server = versions.server if versions else "0"
    pgvector = versions.pgvector if versions else None
    return [
        Check("database", ok=_number(server) >= OLDEST_SERVER, finding=f"PostgreSQL {server}"),
        Check(
            "pgvector",
            ok=pgvector is not None and _number(pgvector) >= OLDEST_PGVECTOR,
            finding=pgvector or "not installed: `concord migrate` does it where the user may",
        ),
        Check(
            "indexes", ok=not invalid, finding=f"invalid: {', '.join(invalid)}" if invalid else "all valid"
        ),
    ]


async def _check_migrations() -> list[Check]:
    status = await migration_status(migration_url(load_settings(MigrationSettings)))
    if not status.up_to_date:
        different = [*status.pending, *status.failed, *status.changed, *status.missing]
        finding = (
            f"the database and the files differ: {', '.join(different)}. See `concord migrate --status`."
        )
        return [Check("migrations", ok=False, finding=finding)]
    applied = Check("migrations", ok=True, finding=f"{len(status.applied)} applied")
    return [applied, *await _check_work()]


async def _check_work() -> list[Check]:
    database = open_connection(load_settings(DatabaseSettings))
    try:
        async with database.unit_of_work(WORKER) as unit:
            left = await diagnostics.count_work(unit)
            outgrown = await embedding_spaces.find_outgrown_collections(unit)
            login = await diagnostics.find_login(unit)
    finally:
        await database.aclose()
    finding = (
        f"{left.pending} documents to embed, {left.failed} failed; {left.uncompacted} postings to compact, "
        f"{left.unpurged} deleted collections to purge"
        if left
        else "unknown"
    )
    if outgrown:
        finding += f", {len(outgrown)} collections to give a vector index: see `concord index`"
    return [
        Check("work", ok=left is not None and left.failed == 0, finding=finding),
        Check(
            "row security",
            ok=login is not None and login.is_bound,
            finding=f"binds {login.role}, signed in as {login.user_name}" if login else "unknown",
        ),
    ]


async def _check_redis() -> list[Check]:
    settings = load_settings(CacheSettings)
    if settings.redis_url is None or settings.cache_ttl_seconds == 0:
        return [Check("redis", ok=True, finding="not configured: every read asks the database")]
    cache = open_cache(settings)
    key = CacheKey(scope=_SCOPE, view=WORKER.view, request="ping")

    async def load() -> bytes:
        return b"pong"

    started = time.perf_counter()
    try:
        await cache.invalidate(_SCOPE)
        answer = await cache.read(key, load)
    finally:
        await cache.aclose()
    milliseconds = (time.perf_counter() - started) * 1000
    works = answer.state is not CacheState.BYPASS
    return [
        Check("redis", ok=works, finding=f"answers in {milliseconds:.1f} ms" if works else "does not answer")
    ]


async def _check_embedder() -> list[Check]:
    embedder = open_embedder(load_settings(EmbeddingSettings))
    started = time.perf_counter()
    try:
        vectors = await embedder.embed(["Does it work?"])
    finally:
        await embedder.aclose()
    seconds = time.perf_counter() - started
    finding = f"{embedder.model}, {len(vectors[0])} dimensions, first text in {seconds:.1f} s"
    return [Check("embedder", ok=len(vectors[0]) == embedder.dimensions, finding=finding)]


def _number(version: str) -> tuple[int, ...]:
    """`18.4 (Debian 18.4-1)` as (18, 4); what is no number ends it."""
    parts = version.split(" ", 1)[0].split(".")
    return tuple(int(part) for part in parts if part.isdigit())
