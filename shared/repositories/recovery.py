"""What processes that were killed have left behind."""

from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork

SQL = SqlFile("shared.repositories.sql", "recovery")


async def free_claims(unit: UnitOfWork) -> None:
    """Let every embedding job be claimed at once, and every source's run be taken up again.

    Only for a database that no worker uses.
    """
    await unit.send(SQL["free_claims"])
    await unit.send(SQL["free_runs"])
