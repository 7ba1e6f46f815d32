"""Checking an API key: one that the process remembers, beside asking Postgres and beside a slow hash.

uv run python -m tests.benchmarks.keys [--json] [--checks N]
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from pydantic import SecretStr

from shared.config import AccessSettings
from shared.database.connections import open_connection
from shared.database.migrations import apply_migrations
from shared.domain.keys import NewKey
from shared.domain.principals import ADMIN
from shared.security.access import AccessControl
from shared.security.keys import KeySecret
from shared.services.find_key import find_key
from shared.services.manage_keys import create_key
from tests.benchmarks.report import Report, arguments, percentile
from tests.builders.library import settings_of
from tests.builders.postgres import NEWEST_VERSION, folder_for_servers, start_postgres, stop_postgres

CHECKS, SLOW_CHECKS, WARMUP = 20_000, 20, 50
REMEMBERED, ASKED, SLOW = (
    "remembered",
    "Postgres asked each time",
    "scrypt, as for passwords",
)
SECRET = SecretStr("a secret of the benchmark, and of nobody else")


async def milliseconds(check: Callable[[], Awaitable[object]], checks: int) -> list[float]:
    spent = []
    for number in range(checks + WARMUP):
        started = time.perf_counter()
        await check()
        if number >= WARMUP:
            spent.append((time.perf_counter() - started) * 1000)
    return spent


async def compare(url: str, checks: int, report: Report) -> None:
    await apply_migrations(url)
    database = open_connection(settings_of(url, database_prepared_statements=True))
    secret = KeySecret(SECRET)
    wanted = NewKey(actions=["documents:search"], collections=["guides*"])
    _, text = await create_key(database, secret, ADMIN, wanted)
    access = AccessControl(AccessSettings(), SECRET)

    async def asked() -> object:
        return await AccessControl(AccessSettings(), SECRET).authenticate(
            text, lambda id_: find_key(database, id_)
        )

    async def remembered() -> object:
        return await access.authenticate(text, lambda id_: find_key(database, id_))

    async def slow() -> object:
        return hashlib.scrypt(text.encode(), salt=b"0123456789abcdef", n=2**14, r=8, p=1)

    spent = {
        REMEMBERED: await milliseconds(remembered, checks),
        ASKED: await milliseconds(asked, checks // 10),
        SLOW: await milliseconds(slow, SLOW_CHECKS),
    }
    for side, times in spent.items():
        report.rows.append(
            {
                "side": side,
                "checks": len(times),
                "p50_ms": round(percentile(times, 0.5), 4),
                "p99_ms": round(percentile(times, 0.99), 4),
            }
        )
    p50 = percentile(spent[REMEMBERED], 0.5)
    report.ratios = {
        "remembered_vs_asked": p50 / percentile(spent[ASKED], 0.5),
        "remembered_vs_slow_hash": p50 / percentile(spent[SLOW], 0.5),
    }
    await database.aclose()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--checks", type=int, default=CHECKS)
    given = parser.parse_args()
    report = Report("Checks of a key, one process")
    with folder_for_servers() as folder:
        data = Path(folder) / "data"
        url = start_postgres(data, NEWEST_VERSION)
        try:
            asyncio.run(compare(url, given.checks, report))
        finally:
            stop_postgres(data, NEWEST_VERSION)
    report.print(as_json=given.json)


if __name__ == "__main__":
    main()
