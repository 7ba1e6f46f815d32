"""Typed errors, raised once and mapped to HTTP in `shared.http.responses`.

    ConcordError
    ├── InvalidRequest (422)
    │   ├── InvalidCursor, InvalidFilter, UnknownField, UnknownLanguage, InvalidDocuments
    │   ├── UnreadableFile, InvalidBundle
    │   └── EmbeddingSpaceMismatch, IdempotencyKeyReused
    ├── MalformedBody (400)
    ├── Unauthenticated (401)
    │   └── KeyEnded
    ├── PermissionDenied (403)
    ├── NotFound (404)
    │   └── CollectionNotFound, DocumentNotFound, ObjectNotFound, OriginalNotFound,
    │       SourceNotFound, AliasNotFound, KeyNotFound
    ├── MethodNotAllowed (405)
    ├── Conflict (409)
    │   ├── CollectionExists, SourceExists, CollectionInUse, TooManyExports, TooManyDeletions,
    │   │   KeysNotConfigured, QuotaExceeded
    │   └── IdempotencyInProgress, IdempotencyAnswerLost
    ├── PreconditionFailed (412), PayloadTooLarge (413), UnknownHost (421)
    ├── TooManyRequests (429)
    │   └── RateLimited, BudgetExceeded
    ├── Unavailable (503)
    │   ├── DatabaseUnavailable
    │   │   └── DatabaseLoginRefused (503)
    │   └── EmbedderUnavailable, QueueUnavailable, SecretUnavailable, StorageUnavailable
    └── MigrationError, DatabaseError, NetworkCallInUnitOfWork,
        EmbedderRejected, FetchFailed, ExportInterrupted (500: not the caller's doing)

The first line of an error's docstring is its default message.
"""

from enum import StrEnum
from typing import Any, ClassVar


class ConcordError(Exception):
    """Something went wrong on our side."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str | None = None, *, details: list[dict[str, Any]] | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").partition("\n")[0]
        self.details = details or []
        super().__init__(self.message)


class InvalidRequest(ConcordError):
    """The request does not have the expected form."""

    status, type, code = 422, "invalid_request", "invalid_request"


class InvalidCursor(InvalidRequest):
    """The cursor is not one that this list returned."""

    code = "invalid_cursor"


class InvalidFilter(InvalidRequest):
    """The filter cannot be parsed."""

    code = "invalid_filter"


class UnknownField(InvalidRequest):
    """The request names a metadata field that no document of this collection has."""

    code = "unknown_field"


class UnknownLanguage(InvalidRequest):
    """The database has no text search configuration of that name."""

    code = "unknown_language"


class InvalidDocuments(InvalidRequest):
    """None of the documents could be stored."""

    code = "invalid_documents"


class IdempotencyKeyReused(InvalidRequest):
    """The Idempotency-Key belongs to another request; give each request one of its own."""

    code = "idempotency_key_reused"


class EmbeddingSpaceMismatch(InvalidRequest):
    """The collection's vectors were made by another embedding model than the one configured."""

    code = "embedding_space_mismatch"


class UnreadableReason(StrEnum):
    """Why a file gives no text."""

    EMPTY = "empty"
    NO_TEXT = "no_text"
    NOT_TEXT = "not_text"
    UNKNOWN_FORMAT = "unknown_format"
    ENCRYPTED = "encrypted"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_SLOW = "too_slow"
    HOSTILE = "hostile"


class UnreadableFile(InvalidRequest):
    """The file cannot be read."""

    code = "unreadable_file"

    def __init__(self, reason: UnreadableReason, message: str) -> None:
        """`message` tells the sender what is wrong and what to do."""
        super().__init__(message, details=[{"field": "file", "message": message, "reason": reason.value}])
        self.reason = reason


class InvalidBundle(InvalidRequest):
    """The file is not a bundle that can be imported."""

    code = "invalid_bundle"


class MalformedBody(ConcordError):
    """The request body is not valid JSON in UTF-8."""

    status, type, code = 400, "invalid_request", "malformed_body"


class Unauthenticated(ConcordError):
    """A valid key is needed: send it as `Authorization: Bearer <key>`."""

    status, type, code = 401, "unauthenticated", "unauthenticated"


class KeyEnded(Unauthenticated):
    """The key has expired or was revoked."""

    code = "key_ended"

    def __init__(self, principal: str) -> None:
        """`principal` is the name of whose key it was."""
        super().__init__()
        self.principal = principal


class PermissionDenied(ConcordError):
    """The key does not permit this."""

    status, type, code = 403, "permission_denied", "permission_denied"


class NotFound(ConcordError):
    """There is nothing at this address."""

    status, type, code = 404, "not_found", "not_found"


class CollectionNotFound(NotFound):
    """There is no collection of that name."""

    code = "collection_not_found"


class DocumentNotFound(NotFound):
    """There is no document with that id in the collection."""

    code = "document_not_found"


class OriginalNotFound(NotFound):
    """The document was not made from a file that is kept."""

    code = "original_not_found"


class ObjectNotFound(NotFound):
    """The storage has no file of that key."""

    code = "object_not_found"


class SourceNotFound(NotFound):
    """There is no source with that id in the collection."""

    code = "source_not_found"


class AliasNotFound(NotFound):
    """There is no alias of that name."""

    code = "alias_not_found"


class KeyNotFound(NotFound):
    """There is no key with that id that you may know of."""

    code = "key_not_found"


class MethodNotAllowed(ConcordError):
    """This address does not answer that method."""

    status, type, code = 405, "invalid_request", "method_not_allowed"


class Conflict(ConcordError):
    """The request contradicts what is stored."""

    status, type, code = 409, "conflict", "conflict"


class IdempotencyInProgress(Conflict):
    """A request with this Idempotency-Key is still being carried out; send it again later."""

    code = "idempotency_in_progress"

    def __init__(self, *, retry_after_seconds: int) -> None:
        """`retry_after_seconds`: when it is worth another try."""
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class IdempotencyAnswerLost(Conflict):
    """The request with this Idempotency-Key has been carried out, but its answer is not kept."""

    code = "idempotency_answer_lost"


class CollectionExists(Conflict):
    """There is already a collection of that name."""

    code = "collection_exists"


class SourceExists(Conflict):
    """There is already a source with that id in the collection."""

    code = "source_exists"


class CollectionInUse(Conflict):
    """An alias names the collection."""

    code = "collection_in_use"


class TooManyExports(Conflict):
    """The collection has five exports that are not finished; wait for one of them."""

    code = "too_many_exports"


class QuotaExceeded(Conflict):
    """The collection has as many documents as it may; delete some, or raise its max_documents."""

    code = "quota_exceeded"


class TooManyDeletions(Conflict):
    """What was deleted before is still being removed; try again in a minute, or with one filter for all."""

    code = "too_many_deletions"


class KeysNotConfigured(Conflict):
    """Keys can be made once KEY_HASH_SECRET is set."""

    code = "keys_not_configured"


class PreconditionFailed(ConcordError):
    """It was changed since it was read."""

    status, type, code = 412, "conflict", "precondition_failed"


class PayloadTooLarge(ConcordError):
    """A request may have 5 MB at most; send the documents in several."""

    status, type, code = 413, "invalid_request", "payload_too_large"


class UnknownHost(ConcordError):
    """This machine is not called so: use localhost, set ALLOWED_HOSTS, or set ADMIN_KEY_HASH and use keys."""

    status, type, code = 421, "invalid_request", "unknown_host"


class TooManyRequests(ConcordError):
    """More was asked for than the caller may; wait."""

    status, type, code = 429, "too_many_requests", "too_many_requests"

    def __init__(
        self,
        message: str | None = None,
        *,
        details: list[dict[str, Any]] | None = None,
        retry_after_seconds: int,
    ) -> None:
        """`retry_after_seconds`: when it is worth another try."""
        super().__init__(message, details=details)
        self.retry_after_seconds = retry_after_seconds


class RateLimited(TooManyRequests):
    """These are more requests than the caller or its address may make; wait for the time in Retry-After."""

    code = "rate_limited"


class BudgetExceeded(TooManyRequests):
    """What may be used in a day is used up; it begins anew at midnight UTC."""

    code = "budget_exceeded"


class Unavailable(ConcordError):
    """A part that is needed does not answer; try again."""

    status, type, code = 503, "unavailable", "unavailable"

    def __init__(self, message: str | None = None, *, retry_after_seconds: int = 2) -> None:
        """`retry_after_seconds`: how long callers are asked to wait before they try again."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class DatabaseUnavailable(Unavailable):
    """The database does not answer; try again."""

    code = "database_unavailable"


class DatabaseLoginRefused(DatabaseUnavailable):
    """The database does not let this function in."""

    code = "database_login_refused"


class EmbedderUnavailable(Unavailable):
    """The embedding provider does not answer; try again."""

    code = "embedder_unavailable"


class QueueUnavailable(Unavailable):
    """The queue does not answer; try again."""

    code = "queue_unavailable"


class SecretUnavailable(Unavailable):
    """The secret that is needed cannot be read; try again."""

    code = "secret_unavailable"


class StorageUnavailable(Unavailable):
    """The storage of files does not answer; try again."""

    code = "storage_unavailable"


class EmbedderRejected(ConcordError):
    """The embedding provider refused the texts or answered with something else than vectors."""

    code = "embedder_rejected"


class FetchFailed(ConcordError):
    """It cannot be fetched."""

    code = "fetch_failed"

    def __init__(
        self,
        problem: str,
        message: str,
        *,
        answered_status: int = 0,
        retry_after_seconds: float = 0.0,
    ) -> None:
        """A FetchProblem, what the server answered, if it did, and how long it asks to be left alone."""
        super().__init__(message)
        self.problem = problem
        self.answered_status = answered_status
        self.retry_after_seconds = retry_after_seconds


class ExportInterrupted(ConcordError):
    """The export was interrupted time and again before its next part was stored; start another one."""

    code = "export_interrupted"


class MigrationError(ConcordError):
    """The database's migrations and the files do not agree."""

    code = "migration_error"


class DatabaseError(ConcordError):
    """The database refused a statement."""

    code = "database_error"

    def __init__(
        self,
        message: str | None = None,
        *,
        constraint: str | None = None,
        sqlstate: str | None = None,
    ) -> None:
        super().__init__(message)
        self.constraint = constraint
        self.sqlstate = sqlstate


class NetworkCallInUnitOfWork(ConcordError):
    """A network call was made while a transaction was open."""

    code = "network_call_in_unit_of_work"
