from typing import Any

from functions.usage_record.settings import Settings
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.domain.principals import WORKER
from shared.domain.usage import UsageReport
from shared.events.envelopes import process_records
from shared.events.lambda_function import EventFunction
from shared.services.record_usage import record_usage


async def usage_record(event: dict[str, Any], database: Database, _deadline: float) -> Any:
    """Add up what the queue's messages report of usage, each of them once."""

    async def record(report: UsageReport) -> None:
        await record_usage(database, WORKER, report)

    return await process_records(event, UsageReport.from_message, record)


handler = EventFunction(usage_record, Settings, open_connection)
