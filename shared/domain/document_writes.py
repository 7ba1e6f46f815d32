"""What a batch of documents changes in the database, decided without one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from shared.domain.chunks import GIVEN_HASH, Chunk, embedded_hash
from shared.domain.documents import DocumentHashes, DocumentInput
from shared.domain.embedding_templates import embedded_chunk


class WriteStatus(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    # It is new, and its collection has as many documents as it may.
    REFUSED = "refused"


class DocumentVersion(NamedTuple):
    """What is stored of a document, enough to tell what a write changes."""

    id: str
    number: int
    index_number: int
    content_hash: bytes
    text_hash: bytes
    expires_by_ttl: bool
    readers: list[str] | None


class StoredChunk(NamedTuple):
    document_number: int
    id: int
    embedded_hash: bytes


class LastNumbers(NamedTuple):
    """The highest numbers in use in a collection."""

    number: int
    index_number: int


class HashedDocument(NamedTuple):
    """A document on its way in."""

    document: DocumentInput
    hashes: DocumentHashes


class DocumentWrite(NamedTuple):
    """One document's row, under the numbers it will have."""

    document: DocumentInput
    hashes: DocumentHashes
    number: int
    index_number: int
    readers: list[str] | None


class ChunkWrite(NamedTuple):
    """One chunk's row. `id` is that of the stored chunk whose vector stays right, or None for a new one."""

    id: int | None
    document_number: int
    index_number: int
    chunk: Chunk
    embedded_hash: bytes
    # What is indexed by word: the document's title with its first chunk, and the chunk's segment.
    title: str | None
    text: str


class VectorWrite(NamedTuple):
    """The vector that came with a document, for its one chunk, whose text is another than it was or not."""

    document_number: int
    vector: tuple[float, ...]
    is_new_text: bool


@dataclass(slots=True)
class WritePlan:
    """Everything one unit of work writes for a batch."""

    first_index_number: int
    statuses: dict[str, WriteStatus] = field(default_factory=dict)
    documents: list[DocumentWrite] = field(default_factory=list)
    # Documents whose text is new to the index, and those of them whose old text leaves it.
    indexed: list[DocumentWrite] = field(default_factory=list)
    retired_numbers: list[int] = field(default_factory=list)
    chunks: list[ChunkWrite] = field(default_factory=list)
    dropped_chunks: list[StoredChunk] = field(default_factory=list)
    # Documents whose text is as it was and whose embedding, which had failed, is tried again.
    retried_numbers: list[int] = field(default_factory=list)
    # Documents that stay as they are and expire later than they did.
    renewed_numbers: list[int] = field(default_factory=list)
    # What came with documents instead of an embedding.
    vectors: list[VectorWrite] = field(default_factory=list)
    # Documents of which nothing changes, nor anything that goes with them.
    unwritten_ids: set[str] = field(default_factory=set)
    # Whether the other documents are embedded; not where all vectors come with theirs.
    embeds: bool = True

    @property
    def to_embed(self) -> list[DocumentWrite]:
        """Newly indexed documents that have chunks without a vector."""
        wanted = {write.document_number for write in self.chunks} if self.embeds else set()
        return [entry for entry in self.indexed if entry.number in wanted and not entry.document.vector]

    def writes(self, ids: Iterable[str]) -> bool:
        """Whether anything changes that has to do with these documents of the batch."""
        return any(id_ not in self.unwritten_ids for id_ in ids)

    @property
    def numbers_to_embed(self) -> list[int]:
        return [entry.number for entry in self.to_embed] + self.retried_numbers

    @property
    def metadata_fields(self) -> list[str]:
        return sorted({name for write in self.documents for name in write.document.metadata})


def plan_writes(
    documents: Sequence[HashedDocument],
    chunks: Mapping[str, Sequence[Chunk]],
    versions: Mapping[str, DocumentVersion],
    stored_chunks: Sequence[StoredChunk],
    last: LastNumbers,
    template: Sequence[str],
    room: int | None = None,
) -> WritePlan:
    """Number the documents that change and keep every stored chunk whose embedded text is still there.

    `documents` have distinct ids; `chunks` has those of every document whose text differs from its version's.
    Of those that are new the first `room` are written, or all where it is None.
    """
    plan = WritePlan(first_index_number=last.index_number + 1)
    number, index_number = last.number, last.index_number
    reusable: dict[int, list[StoredChunk]] = defaultdict(list)
    for stored in stored_chunks:
        reusable[stored.document_number].append(stored)
    for document, hashes in documents:
        version = versions.get(document.id)
        readers = _readers_of(document, version)
        if version is not None and (version.content_hash, version.readers) == (hashes.content, readers):
            plan.statuses[document.id] = WriteStatus.UNCHANGED
            continue
        if version is not None and version.text_hash == hashes.text:
            plan.statuses[document.id] = WriteStatus.UPDATED
            write = DocumentWrite(document, hashes, version.number, version.index_number, readers)
            plan.documents.append(write)
            _plan_vector(plan, write, is_new_text=False)
            continue
        if version is None and room is not None and number - last.number == room:
            plan.statuses[document.id] = WriteStatus.REFUSED
            continue
        index_number += 1
        if version is None:
            number += 1
            write = DocumentWrite(document, hashes, number, index_number, readers)
            plan.statuses[document.id] = WriteStatus.CREATED
        else:
            write = DocumentWrite(document, hashes, version.number, index_number, readers)
            plan.statuses[document.id] = WriteStatus.UPDATED
            plan.retired_numbers.append(version.number)
        plan.documents.append(write)
        plan.indexed.append(write)
        _plan_vector(plan, write, is_new_text=True)
        _plan_chunks(plan, write, chunks[document.id], reusable[write.number], template)
    return plan


def _readers_of(document: DocumentInput, version: DocumentVersion | None) -> list[str] | None:
    """Those that come with the document, else those it has."""
    if version is None or "readers" in document.model_fields_set:
        return document.readers
    return version.readers


def _plan_vector(plan: WritePlan, write: DocumentWrite, *, is_new_text: bool) -> None:
    if write.document.vector is not None:
        plan.vectors.append(VectorWrite(write.number, write.document.vector, is_new_text))


def _plan_chunks(
    plan: WritePlan,
    write: DocumentWrite,
    chunks: Sequence[Chunk],
    stored: Sequence[StoredChunk],
    template: Sequence[str],
) -> None:
    by_hash: dict[bytes, list[StoredChunk]] = defaultdict(list)
    for old in reversed(stored):
        by_hash[old.embedded_hash].append(old)
    title, body = write.document.title, write.document.body
    for chunk in chunks or _chunk_of_a_title(title):
        if write.document.vector:
            digest = GIVEN_HASH
        else:
            digest = embedded_hash(embedded_chunk(template, title, chunk, body, write.document.metadata))
        kept = by_hash[digest].pop() if by_hash[digest] else None
        plan.chunks.append(
            ChunkWrite(
                id=kept.id if kept else None,
                document_number=write.number,
                index_number=write.index_number,
                chunk=chunk,
                embedded_hash=digest,
                title=title if chunk.ordinal == 0 else None,
                text=body[chunk.start : chunk.segment_end],
            )
        )
    plan.dropped_chunks.extend(old for unused in by_hash.values() for old in unused)


def _chunk_of_a_title(title: str | None) -> list[Chunk]:
    """A document without a body is found by its title, through one chunk with an empty span."""
    if title is None or not title.strip():
        return []
    return [Chunk(ordinal=0, start=0, end=0, segment_end=0)]
