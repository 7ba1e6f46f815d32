"""What was used in a day, counted in Redis for all processes.

    concord:{limits}:<day>:<searches or embedded_tokens>:<principal>     kept for two days

Nobody's name is empty: the counter without a principal is that of all.
"""

from collections.abc import Sequence
from datetime import date
from typing import cast

from shared.cache.redis_connection import ScriptRunner
from shared.domain.usage import Demand

# ARGV has an amount and a limit for each counter; a limit below 0 is none. The same rule as Demand.refuses.
_SPEND = """
for place, key in ipairs(KEYS) do
  local limit = tonumber(ARGV[2 * place])
  local found = redis.pcall('GET', key)
  local spent = type(found) == 'string' and tonumber(found) or 0
  if limit >= 0 and spent + math.max(tonumber(ARGV[2 * place - 1]), 1) > limit then return place end
end
for place, key in ipairs(KEYS) do
  local amount = tonumber(ARGV[2 * place - 1])
  if amount > 0 then
    redis.call('INCRBY', key, amount)
    redis.call('EXPIRE', key, 172800)
  end
end
return 0
"""
_NO_LIMIT = -1


class RedisCounters(ScriptRunner):
    """Used by one event loop at a time, closed in the loop that used it."""

    async def spend(self, day: date, demands: Sequence[Demand]) -> tuple[Demand | None] | None:
        """Count all demands, or none of them and name the one that is refused; None when Redis cannot say."""
        names = [f"concord:{{limits}}:{day}:{demand.counted}:{demand.principal}" for demand in demands]
        numbers = [
            number
            for demand in demands
            for number in (demand.amount, _NO_LIMIT if demand.limit is None else demand.limit)
        ]
        answered = await self.run(_SPEND, names, numbers)
        if answered is None:
            return None
        place = cast("int", answered)
        return (demands[place - 1] if place else None,)
