"""Requests that came with an Idempotency-Key, and their answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shared.database.boundaries import ClaimedKey
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.idempotency import KEPT_HOURS, LEASE_SECONDS

SQL = SqlFile("shared.repositories.sql", "idempotency")


class KnownRequest(NamedTuple):
    """What is known of a key: whether its request is the `is_same`, and who carries it out.

    `status` is None until it is answered, `answer` also where an answer is not to be given again.
    """

    is_same: bool
    is_held: bool
    is_written: bool
    objects: list[str]
    status: int | None
    headers: dict[str, str]
    answer: bytes | None
    lease_seconds: int


@dataclass(frozen=True, slots=True)
class Counted:
    count: int


def _named(principal: str, claimed: ClaimedKey) -> dict[str, str]:
    return {"principal": principal, "route": claimed.route, "key": claimed.key, "holder": claimed.holder}


async def claim(
    unit: UnitOfWork, principal: str, claimed: ClaimedKey, fingerprint: bytes, *, repeatable: bool
) -> KnownRequest:
    """Take the request up, if nobody has; `is_held` of the answer says so.

    One that has written and was never answered is taken up again only if it is `repeatable`.
    """
    parameters = {"fingerprint": fingerprint, **_named(principal, claimed)}
    await unit.send(
        SQL["claim_request"],
        lease_seconds=LEASE_SECONDS,
        kept_hours=KEPT_HOURS,
        repeatable=repeatable,
        **parameters,
    )
    [known] = await unit.rows(SQL["find_request"], KnownRequest, **parameters)
    return known


async def keep_answer(
    unit: UnitOfWork,
    principal: str,
    claimed: ClaimedKey,
    *,
    status: int,
    headers: Mapping[str, str],
    answer: bytes | None,
) -> None:
    await unit.send(
        SQL["keep_answer"],
        status=status,
        headers=json.dumps(headers),
        answer=answer,
        **_named(principal, claimed),
    )


async def give_up(unit: UnitOfWork, principal: str, claimed: ClaimedKey) -> None:
    """Leave the request to whoever sends it again."""
    await unit.send(SQL["give_up_request"], **_named(principal, claimed))


async def forget(unit: UnitOfWork, limit: int) -> int:
    """Remove up to `limit` requests whose time is over; returns how many."""
    return (await unit.rows(SQL["forget_requests"], Counted, kept_hours=KEPT_HOURS, limit=limit))[0].count
