"""Requests with an Idempotency-Key: carried out by one, and answered again for a day."""

import secrets
from typing import NamedTuple

from shared.database.boundaries import ClaimedKey, beside_the_write
from shared.database.units_of_work import Database
from shared.domain.idempotency import MOST_ANSWER_BYTES
from shared.domain.principals import Principal
from shared.errors import IdempotencyAnswerLost, IdempotencyInProgress, IdempotencyKeyReused
from shared.repositories import idempotency


class KeptAnswer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Claim(NamedTuple):
    """A request to be carried out now. `is_again`: an earlier attempt has written, and was not answered."""

    principal: Principal
    claimed: ClaimedKey
    is_again: bool


async def claim_request(
    database: Database, principal: Principal, route: str, key: str, fingerprint: bytes, *, repeatable: bool
) -> Claim | KeptAnswer:
    """What was answered before, or the claim to do it now.

    Raises IdempotencyKeyReused, IdempotencyInProgress, IdempotencyAnswerLost.
    """
    claimed = ClaimedKey(route, key, secrets.token_hex(16))
    async with database.unit_of_work(principal) as unit:
        known = await idempotency.claim(unit, principal.name, claimed, fingerprint, repeatable=repeatable)
    if not known.is_same:
        raise IdempotencyKeyReused(
            details=[
                {"field": "idempotency-key", "message": "is that of a request of another address or body"}
            ]
        )
    if known.is_held:
        earlier = tuple(known.objects) if known.is_written else ()
        return Claim(principal, claimed._replace(earlier=earlier), known.is_written)
    if known.status is None and known.lease_seconds:
        raise IdempotencyInProgress(retry_after_seconds=known.lease_seconds)
    if known.status is None or known.answer is None:
        raise IdempotencyAnswerLost(
            details=[{"field": "id", "message": written} for written in known.objects]
        )
    return KeptAnswer(known.status, known.headers, known.answer)


async def keep_answer(database: Database, claim: Claim, answer: KeptAnswer, *, is_secret: bool) -> None:
    """Of an answer that is a secret, or too large, only that there was one is kept."""
    body = None if is_secret or len(answer.body) > MOST_ANSWER_BYTES else answer.body
    with beside_the_write():
        async with database.unit_of_work(claim.principal) as unit:
            await idempotency.keep_answer(
                unit,
                claim.principal.name,
                claim.claimed,
                status=answer.status,
                headers=answer.headers,
                answer=body,
            )


async def give_up(database: Database, claim: Claim) -> None:
    """The request failed for a reason that may pass: whoever sends it again carries it out."""
    with beside_the_write():
        async with database.unit_of_work(claim.principal) as unit:
            await idempotency.give_up(unit, claim.principal.name, claim.claimed)
