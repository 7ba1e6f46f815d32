"""Make, list and revoke API keys."""

import json
from datetime import UTC, datetime

from shared.database.units_of_work import Database
from shared.domain.keys import KeyLimits, ListedKey, NewKey, narrowed, refuse_more
from shared.domain.principals import Principal
from shared.errors import InvalidRequest
from shared.repositories import keys
from shared.security.keys import KeySecret


async def create_key(
    database: Database, secret: KeySecret, principal: Principal, wanted: NewKey
) -> tuple[ListedKey, str]:
    """The key as it is listed, and its text, which nothing shows again.

    Raises KeyNotFound for one to be replaced that is not there, PermissionDenied for more than the principal
    may itself, InvalidRequest.
    """
    if wanted.expires_at is not None and wanted.expires_at <= datetime.now(UTC):
        raise InvalidRequest(details=[{"field": "expires_at", "message": "in the past"}])
    made = secret.make()
    async with database.unit_of_work(principal) as unit:
        replaced = None
        if wanted.replaces is not None:
            replaced = await keys.hold_key(unit, principal, wanted.replaces)
            if replaced.revoked_at is not None or replaced.replaced_by is not None:
                raise InvalidRequest(
                    details=[{"field": "replaces", "message": "revoked or replaced already"}]
                )
        given = wanted.model_fields_set
        actions = wanted.actions or (replaced.actions if replaced else [])
        collections = wanted.collections or (replaced.collections if replaced else [])
        readers = replaced.readers if replaced and "readers" not in given else wanted.readers
        refuse_more(principal, actions, collections, readers)
        limits = wanted.limits
        if replaced is not None and replaced.limits is not None and "limits" not in given:
            limits = KeyLimits(**replaced.limits)
        narrower = narrowed(principal.limits, limits)
        created = await keys.insert_key(
            unit,
            id=made.id,
            hash=made.hash,
            sealed_token_key=made.sealed_token_key,
            description=wanted.description or (replaced.description if replaced else ""),
            actions=actions,
            collections=collections,
            readers=readers,
            limits=None if narrower is None else json.dumps(narrower),
            created_by=principal.name,
            expires_at=wanted.expires_at,
        )
        unit.concerns(made.id)
        if replaced is not None:
            await keys.replace_key(unit, replaced.id, made.id, wanted.overlap_seconds)
            unit.concerns(replaced.id)
    return created, made.text


async def list_keys(
    database: Database, principal: Principal, *, after: str, limit: int
) -> tuple[list[ListedKey], bool]:
    """The keys after the id `after` that may no more than the principal, and whether there are more."""
    async with database.unit_of_work(principal) as unit:
        found = await keys.list_keys(unit, principal, after=after, limit=limit + 1)
    return found[:limit], len(found) > limit


async def revoke_key(database: Database, principal: Principal, key_id: str) -> None:
    """It opens nothing any more, everywhere within 30 seconds. Raises KeyNotFound."""
    async with database.unit_of_work(principal) as unit:
        await keys.hold_key(unit, principal, key_id)
        await keys.revoke_key(unit, key_id)
