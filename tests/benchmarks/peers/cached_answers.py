"""What one would write by hand in place of cached searches: FastAPI, and answers kept in Redis.

    python -m tests.benchmarks.peers.cached_answers PORT REDIS_URL

It knows no keys, filters, limits or invalidation.
"""

import sys

import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from redis.asyncio import BlockingConnectionPool, Redis

application = FastAPI()


@application.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


class Search(BaseModel):
    q: str
    limit: int = 10


@application.post("/v1/collections/{collection}/search")
async def search(collection: str, wanted: Search, request: Request) -> Response:
    redis: Redis = request.app.state.redis
    name = f"answer:{collection}:{wanted.limit}:{wanted.q}"
    kept = await redis.get(name)
    if kept is None:
        kept = b'{"hits": []}'
        await redis.set(name, kept, ex=60)
    return Response(kept, media_type="application/json")


if __name__ == "__main__":
    pool = BlockingConnectionPool.from_url(sys.argv[2], max_connections=8, timeout=None)
    application.state.redis = Redis.from_pool(pool)
    uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
