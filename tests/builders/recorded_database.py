"""A database that tells what it was asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from shared.database.statements import Statement
from shared.database.units_of_work import Database, Pending, UnitOfWork
from shared.domain.principals import Principal


class RecordedUnit(UnitOfWork):
    def __init__(self, connection: psycopg.AsyncConnection[Any], statements: list[str]) -> None:
        super().__init__(connection)
        self._statements = statements

    async def start[Row](self, statement: Statement, row: type[Row], **parameters: object) -> Pending[Row]:
        self._statements.append(statement.name)
        return await super().start(statement, row, **parameters)

    async def send(self, statement: Statement, **parameters: object) -> None:
        self._statements.append(statement.name)
        await super().send(statement, **parameters)


class RecordedDatabase:
    """Another database's units of work; `units` has the names of the statements of each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.units: list[list[str]] = []

    @asynccontextmanager
    async def unit_of_work(self, principal: Principal) -> AsyncIterator[UnitOfWork]:
        async with self._database.unit_of_work(principal) as unit:
            self.units.append([])
            yield RecordedUnit(unit._connection, self.units[-1])

    async def aclose(self) -> None:
        """The database belongs to the test."""
