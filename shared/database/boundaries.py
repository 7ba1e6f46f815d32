"""What units of work have around them: no network calls inside, and the request that they write for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from shared.errors import NetworkCallInUnitOfWork

unit_of_work_is_open: ContextVar[bool] = ContextVar("unit_of_work_is_open", default=False)


class ClaimedKey(NamedTuple):
    """An Idempotency-Key whose request is being carried out by `holder`, as long as nobody else takes over.

    `earlier` are the ids that an attempt has written whose answer was lost.
    """

    route: str
    key: str
    holder: str
    earlier: tuple[str, ...] = ()


class WriteRequest(NamedTuple):
    """A request that writes: what each of its transactions that has written leaves in the audit.

    `action` is `documents.upsert` and the like; `objects` are the ids in its address.
    """

    action: str
    collection: str | None = None
    objects: tuple[str, ...] = ()
    request_id: str | None = None
    address: str | None = None
    claimed: ClaimedKey | None = None


current_write: ContextVar[WriteRequest | None] = ContextVar("current_write", default=None)


@contextmanager
def beside_the_write() -> Iterator[None]:
    """Units of work that the audit has nothing of."""
    token = current_write.set(None)
    try:
        yield
    finally:
        current_write.reset(token)


def written_before() -> str | None:
    """The id of what an earlier attempt at this request has made, whose answer was lost."""
    write = current_write.get()
    return write.claimed.earlier[0] if write and write.claimed and write.claimed.earlier else None


def refuse_in_unit_of_work(call: str) -> None:
    """Raise NetworkCallInUnitOfWork when `call` is made while this task has a unit of work open."""
    if unit_of_work_is_open.get():
        raise NetworkCallInUnitOfWork(f"{call} was called while a unit of work was open.")
