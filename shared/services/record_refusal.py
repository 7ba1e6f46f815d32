"""Tell the audit of what somebody wanted to write and may not."""

from shared.database.boundaries import WriteRequest, beside_the_write
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories import audit


async def record_refusal(database: Database, principal: str, attempt: WriteRequest, code: str) -> None:
    """In the name of whom it was refused, with the code of the error; a few of each in a minute.

    Raises DatabaseUnavailable, DatabaseError.
    """
    nobody = Principal(principal, frozenset(), collections=())
    with beside_the_write():
        async with database.unit_of_work(nobody) as unit:
            await audit.append_refusal(unit, attempt, code)
