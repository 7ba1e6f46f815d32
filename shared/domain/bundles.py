"""Bundles: a collection as lines of JSON, from a header to a footer that says whether all of it is there."""

import base64
import hashlib
import json
import math
import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.domain.documents import DocumentInput
from shared.domain.moments import Moment
from shared.domain.new_collections import NewCollection
from shared.errors import Conflict, InvalidBundle

VERSION = 1
# A body of 5 MB whose every character is escaped, and its vectors.
MAX_LINE_BYTES = 100_000_000


class BundleSpace(BaseModel):
    """The model that a collection's vectors are made by."""

    model: str
    dimensions: int


class BundleHeader(BaseModel):
    """The first line. `vectors` says whether the documents bring theirs."""

    concord_bundle: Literal[1]
    collection: NewCollection
    embedding: BundleSpace
    vectors: bool
    exported_at: AwareDatetime

    @classmethod
    def of(cls, collection: Mapping[str, Any], model: str, dimensions: int, *, vectors: bool) -> Self:
        """Of a bundle that is made now; `collection` has what NewCollection has."""
        return cls.model_validate(
            {
                "concord_bundle": VERSION,
                "collection": collection,
                "embedding": {"model": model, "dimensions": dimensions},
                "vectors": vectors,
                "exported_at": datetime.now(UTC),
            }
        )


class BundleChunk(BaseModel):
    """A chunk's vector: half-precision numbers, the high byte first, in base64.

    `hash` is that of the text it was made of, in hex.
    """

    hash: str = Field(pattern="^[0-9a-f]{32}$")
    vector: str


class BundleDocument(DocumentInput):
    """A document's line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    created_at: AwareDatetime
    updated_at: AwareDatetime
    # Of its own, and passed maybe; the other is what its collection's ttl has made of its last write.
    expires_at: Moment | None = None
    ttl_expires_at: Moment | None = None
    chunks: list[BundleChunk] = Field(default_factory=list)


class BundleFooter(BaseModel):
    """The last line: what the lines before it are. `checksum` is that of a BundleDigest, in hex."""

    documents: int
    vectors: int
    checksum: str


class BundleDigest:
    """A checksum of lines that can be put aside after any of them, and gone on with elsewhere.

    Each line makes a SHA-256 of the one before it and its own bytes; an empty one is the first's.
    """

    def __init__(self, value: bytes = b"") -> None:
        self.value = value

    def add(self, line: bytes) -> None:
        self.value = hashlib.sha256(self.value + line).digest()


def has_documents_already(name: str) -> Conflict:
    """Why a bundle is not imported into the collection of that name."""
    message = f"{name} has documents already: import with --merge, or into another one"
    return Conflict(details=[{"field": "collection", "message": message}])


class _LastLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    footer: BundleFooter


class LinesUntilNow(NamedTuple):
    """What a bundle has when a part of it is made."""

    documents: int = 0
    vectors: int = 0
    checksum: bytes = b""


class BundleLines:
    """Makes the lines of a bundle, from its header on or from where others have come."""

    def __init__(self, made: LinesUntilNow = LinesUntilNow()) -> None:  # noqa: B008 - it never changes
        self._documents = made.documents
        self._vectors = made.vectors
        self._digest = BundleDigest(made.checksum)

    @property
    def made(self) -> LinesUntilNow:
        return LinesUntilNow(self._documents, self._vectors, self._digest.value)

    def header(self, header: BundleHeader) -> bytes:
        return self._line(header.model_dump(mode="json", exclude_unset=True))

    def document(
        self, fields: dict[str, Any], times: Mapping[str, datetime | None], chunks: list[dict[str, str]]
    ) -> bytes:
        """`times` are those that BundleDocument has; those that are None are left out."""
        self._documents += 1
        self._vectors += len(chunks) + ("vector" in fields)
        told = {name: time.isoformat() for name, time in times.items() if time is not None}
        return self._line({**fields, **told, **({"chunks": chunks} if chunks else {})})

    def footer(self) -> bytes:
        checksum = self._digest.value.hex()
        footer = BundleFooter(documents=self._documents, vectors=self._vectors, checksum=checksum)
        return self._line({"footer": footer.model_dump()})

    def _line(self, value: dict[str, Any]) -> bytes:
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"
        self._digest.add(line)
        return line


class CheckedBundle(NamedTuple):
    """What a whole bundle says of itself."""

    header: BundleHeader
    documents: int


def check_bundle(lines: Iterable[bytes]) -> CheckedBundle:
    """Read a bundle to its end. Raises InvalidBundle for one of another version, and for a part of one."""
    header: BundleHeader | None = None
    digest, count, last = BundleDigest(), -1, b""
    for line in lines:
        if header is None:
            header = read_header(line)
        else:
            digest.add(last)
        count, last = count + 1, line
    if header is None:
        raise InvalidBundle("The file is empty.")
    try:
        footer = _LastLine.model_validate_json(last).footer
    except ValidationError:
        raise InvalidBundle("The bundle ends before its footer: a part of it is missing.") from None
    if (footer.checksum, footer.documents) != (digest.value.hex(), count - 1):
        raise InvalidBundle("The bundle's lines are not those that its footer is of: export it again.")
    return CheckedBundle(header, footer.documents)


def read_header(line: bytes) -> BundleHeader:
    """Raises InvalidBundle, for a version that a later Concord has written too."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or "concord_bundle" not in found:
        raise InvalidBundle("The file is no bundle: its first line is not a bundle's header.")
    if found["concord_bundle"] != VERSION:
        raise InvalidBundle(
            f"The bundle is of version {found['concord_bundle']}, and this Concord reads version {VERSION}."
        )
    try:
        return BundleHeader.model_validate(found)
    except ValidationError as error:
        raise InvalidBundle(_first_problem(error, 1)) from None


def read_document(line: bytes, number: int) -> BundleDocument:
    """Raises InvalidBundle, which names the line by its number."""
    try:
        return BundleDocument.model_validate_json(line)
    except ValidationError as error:
        raise InvalidBundle(_first_problem(error, number)) from None


def read_vector(text: str, dimensions: int) -> tuple[float, ...]:
    """A chunk's vector. Raises InvalidBundle for one that is none of so many numbers."""
    try:
        numbers: tuple[float, ...] = struct.unpack(f">{dimensions}e", base64.b64decode(text, validate=True))
    except (ValueError, struct.error):
        raise InvalidBundle(f"A chunk's vector is not {dimensions} half-precision numbers.") from None
    if not all(map(math.isfinite, numbers)):
        raise InvalidBundle("A chunk's vector has numbers that are not finite.")
    return numbers


def shown_numbers(text: str) -> list[float]:
    """A chunk's vector as numbers, in as few digits as tell those of half precision apart."""
    packed = base64.b64decode(text)
    return [float(f"{number:.5g}") for number in struct.unpack(f">{len(packed) // 2}e", packed)]


def _first_problem(error: ValidationError, number: int) -> str:
    problem = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(map(str, problem["loc"]))
    return f"Line {number}, {place or 'as a whole'}: {problem['msg']}."
