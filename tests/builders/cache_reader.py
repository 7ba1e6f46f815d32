"""A process of its own that reads one answer through the cache.

python -m tests.builders.cache_reader REDIS_URL SCOPE FILE SECONDS

The source takes SECONDS and adds a line to FILE each time it is asked. Prints the answer's state.
"""

import asyncio
import sys
from pathlib import Path

from shared.cache.protocol import CacheKey
from shared.cache.redis import RedisCache


async def read_once(url: str, scope: str, asked: Path, seconds: float) -> None:
    async def load() -> bytes:
        with asked.open("a") as file:
            file.write("asked\n")
        await asyncio.sleep(seconds)
        return b"answer"

    cache = RedisCache(url, ttl_seconds=30, budget_seconds=5)
    answer = await cache.read(CacheKey(scope, "admin", "GET /"), load)
    print(answer.state, answer.body.decode(), flush=True)
    await cache.aclose()


if __name__ == "__main__":
    asyncio.run(read_once(sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])))
