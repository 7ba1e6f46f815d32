"""Documents: what a caller may send, and when two of them are the same."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from itertools import pairwise
from typing import Annotated, Any, NamedTuple, Protocol, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)

from shared.domain.chunks import Chunking
from shared.domain.embedding_spaces import GivenVector, packed
from shared.domain.embedding_templates import DEFAULT_TEMPLATE, embedded_metadata
from shared.domain.moments import ExpiresAt
from shared.domain.names import ID_RULE, DocumentId, Readers
from shared.domain.texts import storable_text
from shared.errors import InvalidRequest

MAX_TITLE_CHARACTERS = 1_000
MAX_URL_CHARACTERS = 2_000
MAX_METADATA_BYTES = 100_000
MAX_METADATA_DEPTH = 20
MAX_METADATA_FIELDS = 200
MAX_METADATA_FIELD_BYTES = 200
MAX_PAGES = 9_999
MAX_BATCH = 1_000

# Raised whenever chunking or analysis changes what is stored for the same text.
TEXT_VERSION = 2


Text = Annotated[str, AfterValidator(storable_text)]


def storable_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Refuse what JSON in Postgres cannot hold: NUL, lone surrogates, NaN, too much of it."""
    try:
        text = json.dumps(metadata, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    except ValueError:
        raise ValueError("must not contain NaN or Infinity") from None
    if size > MAX_METADATA_BYTES:
        raise ValueError(f"may have {MAX_METADATA_BYTES} bytes at most")
    if len(metadata) > MAX_METADATA_FIELDS:
        raise ValueError(f"may have {MAX_METADATA_FIELDS} fields at most")
    if any(len(name.encode()) > MAX_METADATA_FIELD_BYTES for name in metadata):
        raise ValueError(f"a field's name may have {MAX_METADATA_FIELD_BYTES} bytes at most")
    if "\\u0000" in text and any("\x00" in part for part in _strings(metadata)):
        raise ValueError("must not contain the character U+0000")
    return metadata


def bounded_depth(metadata: object) -> object:
    """Looked at first, so that what goes through the levels one by one can rely on there being few."""
    if _depth(metadata) > MAX_METADATA_DEPTH:
        raise ValueError(f"may be nested {MAX_METADATA_DEPTH} levels deep at most")
    return metadata


def _depth(value: object) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            child
            for parent in level
            for child in (
                parent.values() if isinstance(parent, dict) else parent if isinstance(parent, list) else ()
            )
            if isinstance(child, dict | list)
        ]
        if deepest > MAX_METADATA_DEPTH:
            break
    return deepest


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in _strings(part)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []


def ascending(page_starts: list[int]) -> list[int]:
    """Refuse pages that do not begin with the body, or go back in it; an empty one starts with the next."""
    if page_starts and page_starts[0] != 0:
        raise ValueError("the first page must start at 0")
    if any(later < earlier for earlier, later in pairwise(page_starts)):
        raise ValueError("must not descend")
    return page_starts


def within_body(page_starts: Sequence[int], body: str) -> None:
    """Raises ValueError when a page starts after the end of the body."""
    if page_starts and page_starts[-1] > len(body):
        raise ValueError(f"must be within the body, which has {len(body)} characters")


Metadata = Annotated[dict[str, JsonValue], BeforeValidator(bounded_depth), AfterValidator(storable_metadata)]
Title = Annotated[str, Field(max_length=MAX_TITLE_CHARACTERS), AfterValidator(storable_text)]
Url = Annotated[str, Field(max_length=MAX_URL_CHARACTERS), AfterValidator(storable_text)]
PageStarts = Annotated[
    list[Annotated[int, Field(strict=True)]],
    Field(
        max_length=MAX_PAGES,
        description="Offsets in the body, in Unicode code points, at which its pages start; the first is 0.",
    ),
    AfterValidator(ascending),
]


class DocumentInput(BaseModel):
    """A document as the caller sends it. An empty body is stored and simply not found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: DocumentId = Field(description=ID_RULE, examples=["guide:settings"])
    title: Title | None = Field(default=None, examples=["Settings"])
    body: Text = Field(default="", examples=["# Settings\n\nEvery setting is an environment variable."])
    url: Url | None = Field(default=None, examples=["https://example.com/settings"])
    metadata: Metadata = Field(default_factory=dict, examples=[{"year": 2026, "tags": ["guide"]}])
    page_starts: PageStarts = Field(default_factory=list, examples=[[0, 27]])
    expires_at: ExpiresAt | None = Field(
        default=None,
        description="When it is deleted, in the future; without it, the collection's `ttl_seconds` says.",
        examples=["2036-01-31T12:00:00Z"],
    )
    vector: GivenVector | None = Field(
        default=None,
        description="Its vector, of as many numbers as the collection's have, instead of an embedding: the "
        "document is one passage then. It is stored with a length of 1.",
    )
    readers: Readers | None = Field(default=None, examples=[["user:ada", "group:engineering"]])

    @field_validator("page_starts")
    @classmethod
    def _within_body(cls, page_starts: list[int], info: ValidationInfo) -> list[int]:
        # A body that was refused is not there; that is told already.
        if "body" in info.data:
            within_body(page_starts, info.data["body"])
        return page_starts


class DocumentChange(BaseModel):
    """A change of some parts of a document. In `metadata`, a null removes the field.

    Another body has no pages, unless they are named with it. Without an `expires_at` of its own, which null
    takes away, the document expires as if it were written now. Its own vector stays until another one comes,
    or null takes it away.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Title | None = None
    body: Text | None = None
    url: Url | None = None
    metadata: Metadata | None = None
    page_starts: PageStarts | None = None
    expires_at: ExpiresAt | None = None
    vector: GivenVector | None = None
    readers: Readers | None = None

    @model_validator(mode="after")
    def _something_to_change(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"name at least one of {', '.join(type(self).model_fields)}")
        return self

    @field_validator("body", "metadata", "page_starts", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("may be empty, but not null")
        return value

    def applied_to(self, document: DocumentInput) -> DocumentInput:
        """The document after the change.

        Raises InvalidRequest when the merged metadata is too large, or a page starts after the body's end.
        """
        merged = {**document.metadata, **(self.metadata or {})}
        kept = {
            name: value
            for name, value in merged.items()
            if value is not None or name not in (self.metadata or {})
        }
        changed = self.model_dump(include=self.model_fields_set - {"metadata"})
        body = changed.get("body", document.body)
        page_starts = changed.get("page_starts", document.page_starts if body == document.body else [])
        with _refused_as("metadata"):
            storable_metadata(kept)
        with _refused_as("page_starts"):
            within_body(page_starts, body)
        return document.model_copy(update={**changed, "metadata": kept, "page_starts": page_starts})


@contextmanager
def _refused_as(field: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise InvalidRequest(details=[{"field": field, "message": str(error)}]) from None


# What a document's row has of them.
STORED_FIELDS = tuple(name for name in DocumentInput.model_fields if name != "vector")


class Expiring(Protocol):
    """A document that is stored, as far as it says whether its time is its own or its collection's."""

    @property
    def expires_by_ttl(self) -> bool: ...


def fields_of(stored: Expiring) -> dict[str, Any]:
    """What a caller may send of a document, of one that is stored, but for its vector."""
    fields = {name: getattr(stored, name) for name in STORED_FIELDS}
    return {**fields, "expires_at": None} if stored.expires_by_ttl else fields


def as_input(stored: Expiring) -> DocumentInput:
    """The document that was sent. It was checked then; the numbers of its metadata may be longer by now."""
    return DocumentInput.model_construct(**fields_of(stored))


class DocumentHashes(NamedTuple):
    """By `content` two versions of a document are the same, so that storing the second changes nothing; by
    `text` what is chunked, indexed and embedded is, which a change of url or metadata leaves alone.
    """

    content: bytes
    text: bytes


def hash_document(
    document: DocumentInput, chunking: Chunking, template: Sequence[str] = DEFAULT_TEMPLATE
) -> DocumentHashes:
    """The hashes of a document that is stored in a collection of this chunking and embedding template."""
    # Documents without pages, times and vectors have the hashes that they had before there were any.
    pages = [document.page_starts] if document.page_starts else []
    times = [document.expires_at.astimezone(UTC).isoformat()] if document.expires_at else []
    vectors = [packed(document.vector).hex()] if document.vector else []
    # Readers are compared by themselves: a document that comes without keeps those it has.
    parts = [document.title, document.body, document.url, document.metadata, *pages, *times, *vectors]
    content = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    text = json.dumps([document.title, document.body, *pages], ensure_ascii=False)
    version = f"{TEXT_VERSION}" if chunking is Chunking.HEADINGS else f"{TEXT_VERSION} {chunking}"
    if document.vector:
        version = f"{TEXT_VERSION} given"
    elif tuple(template) != DEFAULT_TEMPLATE:
        version += json.dumps([*template, *embedded_metadata(template, document.metadata)])
    return DocumentHashes(_digest(f"{version} {content}"), _digest(f"{version} {text}"))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:16]
