"""API keys."""

from collections.abc import Sequence
from typing import Any

from shared.database.statements import SqlFile, Statement
from shared.database.units_of_work import UnitOfWork
from shared.domain.keys import ListedKey, StoredKey, actions_within
from shared.domain.principals import Principal
from shared.errors import KeyNotFound

SQL = SqlFile("shared.repositories.sql", "keys")


async def find_key(unit: UnitOfWork, key_id: str) -> StoredKey | None:
    return await unit.row(SQL["find_key"], StoredKey, id=key_id)


async def insert_key(unit: UnitOfWork, **columns: Any) -> ListedKey:
    """Columns of the table, but its times. It ends when the key does that made it, at the latest."""
    inserted = await unit.rows(SQL["insert_key"], ListedKey, **columns)
    return inserted[0]


async def list_keys(unit: UnitOfWork, principal: Principal, *, after: str, limit: int) -> list[ListedKey]:
    """Keys by id, of those that may no more than the principal."""
    statement = _within_reach("list_keys")
    return await unit.rows(statement, ListedKey, after=after, limit=limit, **_reach(principal))


async def hold_key(unit: UnitOfWork, principal: Principal, key_id: str) -> ListedKey:
    """A key that may no more than the principal, kept as it is until the end. Raises KeyNotFound."""
    found = await unit.row(_within_reach("hold_key"), ListedKey, id=key_id, **_reach(principal))
    if found is None:
        raise KeyNotFound(details=[{"field": "id", "message": f"no {key_id}"}])
    return found


async def replace_key(unit: UnitOfWork, key_id: str, replaced_by: str, overlap_seconds: int) -> None:
    await unit.send(SQL["replace_key"], id=key_id, replaced_by=replaced_by, overlap_seconds=overlap_seconds)


async def revoke_key(unit: UnitOfWork, key_id: str) -> None:
    await unit.send(SQL["revoke_key"], id=key_id)


async def note_use(unit: UnitOfWork, key_ids: Sequence[str]) -> None:
    """They were used just now, which is written down once a minute."""
    await unit.send(SQL["note_use"], ids=list(key_ids))


def _within_reach(block: str) -> Statement:
    return SQL[block].with_slot("within_reach", SQL["fragment_within_reach"].text)


def _reach(principal: Principal) -> dict[str, Any]:
    return {
        "reach_actions": actions_within(principal),
        "reach_collections": list(principal.collections),
        "reach_readers": None if principal.readers is None else list(principal.readers),
    }
