"""Buckets in Redis, which all processes share, each as the time when it is full again.

    concord:{limits}:<name>      microseconds since 1970, by the clock of Redis

The braces keep all of them in one slot of a cluster, so that one script may take from several.
"""

from collections.abc import Sequence
from typing import cast

from shared.cache.redis_connection import ScriptRunner
from shared.domain.limits import Bucket, Taken

# ARGV has two numbers for each bucket: the microseconds in which it gains one, and those in which it fills.
# Last is whether to ask alone.
# `pcall`: a key that holds something else than a string is a bucket that nobody took from.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local after, refused, wait = {}, 0, 0
for place, key in ipairs(KEYS) do
  local found = redis.pcall('GET', key)
  local full_at = type(found) == 'string' and tonumber(found) or now
  after[place] = math.max(full_at, now) + tonumber(ARGV[2 * place - 1])
  local over = after[place] - now - tonumber(ARGV[2 * place])
  if over > 1 and refused == 0 then refused, wait = place, over end
end
if refused > 0 then return {refused, math.ceil(wait), math.floor(after[1] - tonumber(ARGV[1]) - now)} end
if ARGV[#ARGV] == '1' then return {0, 0, math.floor(after[1] - tonumber(ARGV[1]) - now)} end
for place, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', after[place]), 'PX', math.ceil((after[place] - now) / 1000))
end
return {0, 0, math.ceil(after[1] - now)}
"""
_MICROSECONDS = 1_000_000
# A microsecond more or less is not a request.
_ROUNDING = 1e-3


class RedisBuckets(ScriptRunner):
    """Used by one event loop at a time, closed in the loop that used it."""

    async def take(self, buckets: Sequence[Bucket], *, only_ask: bool = False) -> Taken | None:
        """What came of it or, to `only_ask`, would come; in one round trip. None when Redis cannot say."""
        names = [f"concord:{{limits}}:{bucket.name}" for bucket in buckets]
        numbers = [
            round(number * _MICROSECONDS / bucket.rate.per_second)
            for bucket in buckets
            for number in (1, bucket.rate.burst)
        ]
        answered = await self.run(_TAKE, names, [*numbers, int(only_ask)])
        if answered is None:
            return None
        refused, wait, full_after = cast("list[int]", answered)
        rate = buckets[0].rate
        left = int(rate.burst - full_after * rate.per_second / _MICROSECONDS + _ROUNDING)
        return Taken(
            refused - 1 if refused else None, wait / _MICROSECONDS, max(left, 0), full_after / _MICROSECONDS
        )
