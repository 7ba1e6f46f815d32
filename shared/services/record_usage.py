"""Add up what is reported of usage."""

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.usage import UsageReport
from shared.repositories import keys, usage

# `key:<id>`, and `token:<id>:…` for those that a key has signed.
_OF_KEYS = {"key", "token"}


async def record_usage(database: Database, principal: Principal, report: UsageReport) -> None:
    """A report that comes again counts once. The keys that it names, or whose tokens, were used."""
    names = [entry.principal.split(":") for entry in report.entries]
    key_ids = sorted({name[1] for name in names if name[0] in _OF_KEYS and len(name) > 1})
    async with database.unit_of_work(principal) as unit:
        await usage.record_report(unit, report)
        if key_ids:
            await keys.note_use(unit, key_ids)
        await usage.forget_reports(unit)
