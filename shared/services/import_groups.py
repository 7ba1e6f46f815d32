"""Gathers the items of an import into groups that are stored together."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

from shared.domain.documents import DocumentInput
from shared.domain.import_items import LinesReader, RowsReader
from shared.domain.imports import ItemProblem, ReadItem
from shared.errors import ConcordError
from shared.services.index_documents import CHARACTERS_PER_UNIT

# More than a request has: a batch costs the index the less by document the larger it is, and others wait for
# the collection's turn for half a second.
DOCUMENTS_PER_GROUP = 2_000
# Of a piece of the object, as much is read at once.
_BYTES_READ_AT_ONCE = 500_000
# As many items may fail, or be passed over, before that is kept.
_ITEMS_PER_GROUP = 20_000
_CHARACTERS_PER_NUMBER = 4


@dataclass(slots=True)
class Group:
    """Documents with distinct ids, what failed between them, and where the next group begins."""

    documents: list[DocumentInput] = field(default_factory=list)
    problems: list[ItemProblem] = field(default_factory=list)
    lines_of: dict[str, int] = field(default_factory=dict)
    characters: int = 0
    items: int = 0
    lines: int = 0
    end: int = 0

    def takes(self, outcome: DocumentInput | ItemProblem) -> bool:
        if self.items == _ITEMS_PER_GROUP or len(self.documents) == DOCUMENTS_PER_GROUP:
            return False
        if isinstance(outcome, ItemProblem):
            return True
        too_much = self.characters + _size(outcome) > CHARACTERS_PER_UNIT
        return outcome.id not in self.lines_of and not (self.documents and too_much)

    def add(self, item: ReadItem, *, counts: bool) -> None:
        """`counts` is false for an item that is passed over."""
        self.items += 1
        self.lines, self.end = item.last_line, item.end
        if not counts:
            return
        if isinstance(item.outcome, ItemProblem):
            self.problems.append(item.outcome)
        else:
            self.put(item.outcome, line=item.line)

    def put(self, document: DocumentInput, *, line: int) -> None:
        self.documents.append(document)
        self.lines_of[document.id] = line
        self.characters += _size(document)

    def refuse(self, document_id: str, error: ConcordError) -> None:
        """Add to the problems a document that was not stored after all."""
        self.problems.append(ItemProblem(self.lines_of[document_id], document_id, error.code, error.message))


def _size(document: DocumentInput) -> int:
    """In characters, or what takes as much memory."""
    return len(document.body) + _CHARACTERS_PER_NUMBER * len(document.vector or ())


async def groups(
    pieces: AsyncIterator[bytes], reader: LinesReader | RowsReader, counts: Callable[[int], bool]
) -> AsyncGenerator[Group]:
    """The items whose line `counts`, group by group; read in a thread while others wait for the database.

    Raises InvalidRequest, and what `pieces` raises.
    """
    group = Group()
    async for piece in pieces:
        for start in range(0, len(piece), _BYTES_READ_AT_ONCE):
            part = piece[start : start + _BYTES_READ_AT_ONCE]
            items = await asyncio.to_thread(_all, reader.feed, part)
            for full in _grouped(items, group, counts):
                yield group
                group = full
    for full in _grouped(list(reader.finish()), group, counts):
        yield group
        group = full
    if group.items:
        yield group


def _all(feed: Callable[[bytes], Iterator[ReadItem]], part: bytes) -> list[ReadItem]:
    return list(feed(part))


def _grouped(items: list[ReadItem], group: Group, counts: Callable[[int], bool]) -> Iterator[Group]:
    """Put the items into `group`, and into a new one, which is yielded, whenever that is full."""
    for item in items:
        if not group.takes(item.outcome):
            group = Group()
            yield group
        group.add(item, counts=counts(item.line))
