"""Whose usage a caller is told."""

from datetime import date

import pytest

from shared.database.connections import SingleConnection
from shared.domain.principals import ADMIN, WORKER, Permission, Principal
from shared.domain.usage import Usage, UsageEntry, UsageReport, today
from shared.errors import PermissionDenied
from shared.services.list_usage import list_usage
from shared.services.record_usage import record_usage

ADA = Principal("key:ada", frozenset({Permission.DOCUMENTS_SEARCH}), ("books",))


async def names(database: SingleConnection, principal: Principal, of: str | None) -> list[str]:
    found, more = await list_usage(database, principal, of=of, days=1, after=(date.min, ""), limit=10)
    assert not more
    return [row.principal for row in found]


async def test_a_key_is_told_about_itself_alone(database: SingleConnection) -> None:
    entries = tuple(UsageEntry(today(), name, Usage(searches=1)) for name in (ADA.name, "key:bob"))
    await record_usage(database, WORKER, UsageReport(entries))
    for of in (None, ADA.name):
        assert await names(database, ADA, of) == [ADA.name]
    with pytest.raises(PermissionDenied):
        await names(database, ADA, "key:bob")
    assert await names(database, ADMIN, None) == [ADA.name, "key:bob"]
    assert await names(database, ADMIN, "key:bob") == ["key:bob"]
