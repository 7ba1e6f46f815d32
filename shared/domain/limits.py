"""Rates, and what taking from them comes to."""

import ipaddress
from typing import NamedTuple

from shared.domain.principals import Principal, Signer

# What every answer to a known caller tells in its header; see `Usage.as_field`.
USAGE_FIELD = "concord-usage"
NOTHING_USED = "searches=0"


class Rate(NamedTuple):
    """So many a second in the long run, and so many at once."""

    per_second: float
    burst: int


class Bucket(NamedTuple):
    """What one caller or one address may still take, by its name."""

    name: str
    rate: Rate


class Taken(NamedTuple):
    """What came of taking one from each of several buckets: all of them gave it, or none.

    `refused_by` is the place of the first bucket that is empty and `wait_seconds` when it will not be.
    `left` and `full_after_seconds` are of the first bucket; they are exact when nothing was refused.
    """

    refused_by: int | None
    wait_seconds: float
    left: int
    full_after_seconds: float


def rate_of(per_second: float, burst: int | None = None) -> Rate:
    """Without a `burst`, as much at once as in two seconds."""
    return Rate(per_second, burst or max(1, round(2 * per_second)))


def bucket_of(principal: Principal | Signer, rate: Rate | None) -> Bucket | None:
    """The principal's bucket, at the rate of all principals unless it has one of its own."""
    own = principal.limits
    if own is not None and own.requests_per_second is not None:
        rate = rate_of(own.requests_per_second, own.burst)
    return None if rate is None else Bucket(f"principal:{principal.name}", rate)


def address_name(host: str) -> str:
    """The name of an address' bucket: whoever has one IPv6 address has all of its /64."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"address:{host}"
    if address.version == 6:  # noqa: PLR2004 - the version's own number
        address = ipaddress.ip_network((address, 64), strict=False).network_address
    return f"address:{address}"
