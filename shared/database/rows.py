"""Rows of the tables, written by prisma/row_generator.py: do not edit."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

type Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


class EmbeddingState(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class EmbeddingSpaceRow(NamedTuple):
    """One embedding model at one number of dimensions; its vectors live in a partition of
    their own.
    """

    id: int
    model: str
    dimensions: int
    created_at: datetime


class CollectionRow(NamedTuple):
    """A named set of documents that is searched together. A deleted one stays as a tombstone
    until it is purged. With `own_vectors` nothing of it is embedded: its vectors come
    with its documents.
    """

    id: int
    name: str
    language: str
    space_id: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    chunking: str
    embedding_template: list[str]
    ttl_seconds: int | None
    own_vectors: bool
    max_documents: int | None


class AliasRow(NamedTuple):
    """Another name of a collection, unlike that of any collection."""

    name: str
    collection_id: int
    created_at: datetime
    updated_at: datetime


class DeletionRow(NamedTuple):
    """Documents that a filter selects and that were last written until `deleted_at` are
    gone, though some are still stored: maintenance has removed those up to
    `reached_number`, `purged` of about `documents`.
    """

    collection_id: int
    id: int
    filter: str
    deleted_at: datetime
    documents: int
    purged: int
    reached_number: int


class CollectionSettingsRow(NamedTuple):
    """What was set for a collection's searches, as far as it is not the default. No row
    means that nothing was.
    """

    collection_id: int
    settings: Json


class MetadataFieldRow(NamedTuple):
    """A metadata field that some document of the collection has had, so that a filter on a
    misspelt one is an error.
    """

    collection_id: int
    name: str


class DocumentRow(NamedTuple):
    """A caller's document. `number` is its stable internal number; `index_number` changes
    with its text and is the number under which that text stands in the keyword index.
    `expires_by_ttl` says that `expires_at` came of its collection's `ttl_seconds`, and
    moves on with the next write.
    """

    collection_id: int
    id: str
    number: int
    index_number: int
    title: str | None
    body: str
    url: str | None
    metadata: Json
    content_hash: bytes
    text_hash: bytes
    created_at: datetime
    updated_at: datetime
    page_starts: list[int]
    expires_at: datetime | None
    expires_by_ttl: bool
    readers: list[str]


class ChunkRow(NamedTuple):
    """A span of a document's body, in Unicode code points. Its terms are those from its
    start to the next chunk's start, so that the chunks of a document sum to the document;
    the first carries the title's.
    """

    collection_id: int
    id: int
    document_number: int
    ordinal: int
    span_start: int
    span_end: int
    page: int | None
    heading_path: list[str]
    embedded_hash: bytes
    term_ids: list[int]
    term_counts: list[int]


class EmbeddingRow(NamedTuple):
    """A chunk's vector in one embedding space; a list partition per space, in the schema
    concord_embedding.
    """

    space_id: int
    collection_id: int
    document_number: int
    chunk_id: int
    vector: str


@dataclass(frozen=True, slots=True)
class EmbeddingJobRow:
    """A document that has chunks without a vector. No row means ready."""

    collection_id: int
    document_number: int
    index_number: int
    state: EmbeddingState
    attempts: int
    claimed_until: datetime | None
    error: str | None
    created_at: datetime
    principal: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", EmbeddingState(self.state))


class EmbeddingChangeRow(NamedTuple):
    """A collection's change from one embedding space to another. Up to `last_number` its
    documents are looked through, as far as `reached_number`; `rate` is of chunks per
    second, used up until `paced_until`.
    """

    collection_id: int
    old_space_id: int
    new_space_id: int
    state: str
    rate: float | None
    reached_number: int
    last_number: int
    paced_until: datetime
    started_at: datetime
    changed_at: datetime


class EmbeddingBackfillRow(NamedTuple):
    """A document that may lack a vector in either space of its collection's change.
    `is_stale` says that it was written anew while somebody was at it.
    """

    collection_id: int
    document_number: int
    attempts: int
    claimed_until: datetime | None
    is_stale: bool
    error: str | None


class KeywordTermRow(NamedTuple):
    """The dictionary of a collection: only ever added to."""

    collection_id: int
    term: str
    id: int


class KeywordWordRow(NamedTuple):
    """A word as it is written, with the term it is indexed under. `letters` has a bit for
    each of its letters, `fragments` are hashes by which mistyped words find it,
    `occurrences` how many texts of the batch that brought it have it.
    """

    collection_id: int
    word: str
    term_id: int
    letters: int
    fragments: list[int]
    occurrences: int


class KeywordBlockRow(NamedTuple):
    """Postings of one term, at most 512 to a row. A retired document's terms have a row with
    posting_count -1, no postings and its negated index number as block, so that
    sum(posting_count) is the term's document frequency.
    """

    collection_id: int
    term_id: int
    block: int
    posting_count: int
    index_numbers: list[int]
    frequencies: list[int]
    lengths: list[int]
    best_impact: float
    title_frequencies: list[int]


class KeywordRetiredRow(NamedTuple):
    """Index numbers whose postings still stand in blocks but count no more."""

    collection_id: int
    index_number: int


class KeywordStatisticRow(NamedTuple):
    """Changes of a collection's statistics, appended by writers and folded by maintenance;
    their sums are the truth.
    """

    collection_id: int
    id: int
    documents: int
    chunks: int
    length: int


class RoleGrantRow(NamedTuple):
    """What a database role may do with a table, function, sequence or schema: `GRANT
    privileges ON object TO role`.
    """

    role: str
    object: str
    privileges: str


class ExportRow(NamedTuple):
    """Bundles that are built part by part in the storage. Documents up to number `reached`
    are in the parts that are stored; the last one goes to `last_number`. A row outlives
    its collection, until what it has stored is removed.
    """

    collection_id: int
    id: str
    state: str
    vectors: bool
    last_number: int
    documents_total: int
    documents: int
    vectors_written: int
    checksum: bytes
    reached: int
    bytes: int
    upload_id: str | None
    parts: list[str]
    sealed: bool
    attempts: int
    holder: str | None
    lease_until: datetime | None
    error_code: str | None
    error: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class ImportRow(NamedTuple):
    """Documents on their way in from one object of the storage. What `bytes_read` is at,
    everything before is done, in the same transaction as its documents; whoever holds the
    lease goes on from there.
    """

    collection_id: int
    id: str
    format: str
    state: str
    name: str
    object_key: str
    policy: str
    dry_run: bool
    id_field: str | None
    columns: list[str]
    run: int
    only_failed: bool
    created: int
    updated: int
    unchanged: int
    failed: int
    lines: int
    bytes_read: int
    bytes_total: int | None
    holder: str | None
    lease_until: datetime | None
    error_code: str | None
    error: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class ImportErrorRow(NamedTuple):
    """Why a line of an import is no document. A retry is another run, whose errors take the
    place of the last one's.
    """

    collection_id: int
    import_id: str
    run: int
    line: int
    document_id: str | None
    code: str
    message: str


class DocumentOriginalRow(NamedTuple):
    """The file that a document was made from."""

    collection_id: int
    document_number: int
    object_key: str
    file_name: str
    content_type: str
    size: int
    sha256: bytes


class DiscardedOriginalRow(NamedTuple):
    """Files of the storage that no document has any more, noted by triggers until they are
    removed.
    """

    object_key: str
    discarded_at: datetime


class SourceRow(NamedTuple):
    """Where documents of a collection come from by themselves. `claimed_until` is set while
    a run is under way; `run` is the last one, `batch` the last of its messages,
    `listed_run` the last one whose listing was read. `deletions` says how many wait for
    approval, `approved_deletions` how many have it.
    """

    collection_id: int
    id: str
    kind: str
    url: str
    schedule_seconds: int | None
    settings: Json
    state: str
    next_due_at: datetime | None
    claimed_until: datetime | None
    run: int
    batch: int
    lost: int
    listed_run: int
    listing_is_whole: bool
    failures: int
    error: str | None
    etag: str | None
    last_modified: str | None
    content_hash: str | None
    deletions: int
    approved_deletions: int
    created_at: datetime
    updated_at: datetime


class SourceItemRow(NamedTuple):
    """Something that a source lists, and its document. `seen_run` is the last run that
    listed it, `pending_run` the one in which it is still to be fetched.
    """

    collection_id: int
    source_id: str
    key: str
    url: str
    document_id: str
    title: str | None
    metadata: Json
    etag: str | None
    last_modified: str | None
    content_hash: str | None
    seen_run: int
    pending_run: int | None
    failures: int
    next_try_at: datetime | None
    error: str | None
    checked_at: datetime | None
    changed_at: datetime | None


class SourceRunRow(NamedTuple):
    """What a run of a source did. The last ones are kept."""

    collection_id: int
    source_id: str
    number: int
    started_at: datetime
    finished_at: datetime | None
    listed: int
    fetched: int
    not_modified: int
    changed: int
    failed: int
    deleted: int
    error: str | None


class UsageRow(NamedTuple):
    """What a principal has used on a day of UTC, added up from reports."""

    day: date
    principal: str
    searches: int
    embedded_queries: int
    embedded_tokens: int
    documents_written: int
    last_used_at: datetime
    document_tokens: int


class UsageReportRow(NamedTuple):
    """A report that was added up, so that it is not when it comes again. The last weeks' are
    kept.
    """

    id: UUID
    received_at: datetime


class SigningKeyRow(NamedTuple):
    """A public key of the issuer of JWTs, in the set that was fetched last at `fetched_at`.
    One that is in the set no more since `vanished_at` is good for a while yet.
    """

    issuer: str
    kid: str
    algorithm: str
    jwk: Json
    fetched_at: datetime
    vanished_at: datetime | None


class IdempotentRequestRow(NamedTuple):
    """A write that came with an Idempotency-Key: under way until `lease_until`, or answered.
    `is_written` says that a transaction of it has been committed, together with this row.
    `answer` is NULL where there is none to give again.
    """

    principal: str
    route: str
    key: str
    fingerprint: bytes
    holder: str
    lease_until: datetime
    is_written: bool
    objects: list[str]
    status: int | None
    headers: Json
    answer: bytes | None
    created_at: datetime


class AuditEntryRow(NamedTuple):
    """Who did what: appended with the write that it tells of, never changed, removed when
    its time is over. `objects` are the first hundred of `object_count` ids.
    """

    id: int
    written_at: datetime
    principal: str
    action: str
    collection: str | None
    objects: list[str]
    object_count: int
    request_id: str | None
    address: str | None
    outcome: str


class ApiKeyRow(NamedTuple):
    """Who may do what, by a secret of which only a keyed hash is here. Readers are NULL for
    keys that see every document.
    """

    id: str
    hash: bytes
    sealed_token_key: bytes
    description: str
    actions: list[str]
    collections: list[str]
    readers: list[str]
    limits: Json | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None
    last_used_at: datetime | None
