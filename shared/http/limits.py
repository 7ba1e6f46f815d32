"""How often somebody may ask: a bucket for each principal and one for each address."""

import math
import time

from fastapi import Request

from shared.cache.opening import open_buckets
from shared.config import LimitSettings
from shared.domain.limits import Bucket, Rate, Taken, address_name, bucket_of, rate_of
from shared.domain.principals import Principal
from shared.errors import RateLimited
from shared.observability import Metric, count
from shared.security.rate_limits import ProcessBuckets

_MOST_REFUSALS = 10_000
# Failed sign-ins from one address.
GUESSES = Rate(per_second=0.5, burst=30)


class RequestLimits:
    """Takes from both buckets with one round trip to Redis, or in this process where Redis cannot say.

    Raises ConfigurationError when REDIS_URL is malformed.
    """

    def __init__(self, settings: LimitSettings) -> None:
        self._of_principals = _rate(settings.rate_limit_per_second, settings.rate_limit_burst)
        self._of_addresses = _rate(settings.rate_limit_per_address)
        self._process = ProcessBuckets()
        self._redis = open_buckets(settings)
        self._refused_until: dict[str, float] = {}
        self._guesses_refused_until: dict[str, float] = {}

    def refuse_again(self, request: Request) -> None:
        """Refuse an address that was refused already and has not waited. Raises RateLimited."""
        if self._refused_until:
            _refuse_until(self._refused_until, request)

    async def refuse_guesses(self, request: Request) -> None:
        """Refuse to look up a key for an address that has sent too many that are none. Raises RateLimited.

        Where Redis knows what all processes have seen of the address, it is asked and nothing is taken.
        """
        _refuse_until(self._guesses_refused_until, request)
        if self._redis is not None:
            self._refuse_guess(request, await self._redis.take([_guess(request)], only_ask=True))

    async def count_guess(self, request: Request) -> None:
        """Take one failed sign-in of its address. Raises RateLimited when there were too many."""
        self._refuse_guess(request, await self._take([_guess(request)]))

    async def admit(self, request: Request, principal: Principal | None) -> None:
        """Take one request of the principal, None for a stranger, and of its address. Raises RateLimited.

        What a token takes is taken of its key, too.
        """
        holders = () if principal is None else principal.holders
        buckets = [bucket_of(holder, self._of_principals) for holder in holders]
        if self._of_addresses is not None:
            buckets.append(Bucket(_address(request), self._of_addresses))
        asked = [bucket for bucket in buckets if bucket is not None]
        if not asked:
            return
        taken = await self._take(asked)
        if asked[0].name.startswith("principal:"):
            request.state.answer_headers.update(_headers(asked[0].rate, taken))
        if taken.refused_by is not None:
            _remember(self._refused_until, asked[taken.refused_by].name, taken.wait_seconds)
            raise _refusal(taken.wait_seconds)

    async def aclose(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    def _refuse_guess(self, request: Request, taken: Taken | None) -> None:
        if taken is not None and taken.refused_by is not None:
            _remember(self._guesses_refused_until, _address(request), taken.wait_seconds)
            raise _refusal(taken.wait_seconds)

    async def _take(self, asked: list[Bucket]) -> Taken:
        taken = None if self._redis is None else await self._redis.take(asked)
        return self._process.take(asked) if taken is None else taken


def _refuse_until(refused_until: dict[str, float], request: Request) -> None:
    wait = refused_until.get(_address(request), 0.0) - time.monotonic()
    if wait > 0:
        raise _refusal(wait)


def _remember(refused_until: dict[str, float], name: str, wait_seconds: float) -> None:
    if len(refused_until) >= _MOST_REFUSALS:
        refused_until.clear()
    refused_until[name] = time.monotonic() + wait_seconds


def _rate(per_second: float | None, burst: int | None = None) -> Rate | None:
    return None if per_second is None else rate_of(per_second, burst)


def _address(request: Request) -> str:
    """The bucket of whom the connection is with, as the gateway or the socket says; headers are not asked."""
    return address_name(request.client.host if request.client else "")


def _guess(request: Request) -> Bucket:
    return Bucket(f"guesses:{_address(request)}", GUESSES)


def _refusal(wait_seconds: float) -> RateLimited:
    count(Metric.REQUESTS_LIMITED)
    return RateLimited(retry_after_seconds=max(1, math.ceil(wait_seconds)))


def _headers(rate: Rate, taken: Taken) -> dict[str, str]:
    """Fields of the IETF's draft "RateLimit header fields for HTTP"."""
    fills_in = max(1, math.ceil(rate.burst / rate.per_second))
    return {
        "ratelimit-policy": f'"principal";q={rate.burst};w={fills_in}',
        "ratelimit": f'"principal";r={taken.left};t={math.ceil(taken.full_after_seconds)}',
    }
