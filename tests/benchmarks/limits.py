"""What a rate limit costs each request: `python -m tests.benchmarks.limits [--json]`.

Buckets in Redis and in the process, beside the strategies of the library `limits` (group `peers`) on the same
Redis. All take from a bucket that never is empty, one request after the other.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from limits import RateLimitItemPerSecond
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter
from limits.storage import storage_from_string

from shared.cache.redis_buckets import RedisBuckets
from shared.domain.limits import Bucket, Rate
from shared.security.rate_limits import ProcessBuckets
from tests.benchmarks.report import Report, arguments
from tests.builders.redis import RedisServer

REQUESTS = 3_000
MOST = 1_000_000
ROOMY = Rate(MOST, MOST)


async def measure(take: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """The 50th and 99th percentile of one request, in milliseconds."""
    for _ in range(200):
        await take()
    taken = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        assert await take()
        taken.append((time.perf_counter() - started) * 1_000)
    percentiles = statistics.quantiles(taken, n=100)
    return percentiles[49], percentiles[98]


async def run() -> Report:
    report = Report("Rate limits, milliseconds a request")
    process = ProcessBuckets()
    buckets = [Bucket("principal:a", ROOMY), Bucket("address:b", ROOMY)]

    async def in_process() -> object:
        return process.take(buckets)

    with RedisServer() as server:
        redis = RedisBuckets(server.url, budget_seconds=10)
        storage = storage_from_string(f"async+redis+unix://{server.socket}", implementation="redispy")
        item = RateLimitItemPerSecond(MOST)
        fixed, moving = FixedWindowRateLimiter(storage), MovingWindowRateLimiter(storage)
        sides: dict[str, Callable[[], Awaitable[object]]] = {
            "Concord, in the process, two buckets": in_process,
            "Concord, Redis, two buckets": lambda: redis.take(buckets),
            "Concord, Redis, one bucket": lambda: redis.take(buckets[:1]),
            "limits, Redis, fixed window, one": lambda: fixed.hit(item, "a"),
            "limits, Redis, moving window, one": lambda: moving.hit(item, "b"),
        }
        medians = {}
        for side, take in sides.items():
            medians[side], p99 = await measure(take)
            report.rows.append({"side": side, "p50_ms": round(medians[side], 3), "p99_ms": round(p99, 3)})
        await redis.aclose()
    ours = medians["Concord, Redis, one bucket"]
    report.ratios["redis, one bucket / limits, fixed window"] = (
        ours / medians["limits, Redis, fixed window, one"]
    )
    return report


if __name__ == "__main__":
    asked = arguments(__doc__).parse_args()
    asyncio.run(run()).print(as_json=asked.json)
