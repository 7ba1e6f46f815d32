"""Keeps network calls out of units of work: a transaction must not wait for somebody else's server."""

from contextvars import ContextVar

from shared.errors import NetworkCallInUnitOfWork

unit_of_work_is_open: ContextVar[bool] = ContextVar("unit_of_work_is_open", default=False)


def refuse_in_unit_of_work(call: str) -> None:
    """Raise NetworkCallInUnitOfWork when `call` is made while this task has a unit of work open."""
    if unit_of_work_is_open.get():
        raise NetworkCallInUnitOfWork(f"{call} was called while a unit of work was open.")
