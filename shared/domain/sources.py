"""Sources: where documents come from by themselves, how often, and within which limits."""

import fnmatch
import hashlib
import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.domain.texts import storable_text
from shared.domain.web_addresses import canonical_url

SOURCE_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._~@=+-]{0,63}$"
SOURCE_ID_RULE = (
    "A source's id has 1 to 64 characters of A-Z a-z 0-9 . _ ~ @ = + - and begins with one of the first."
)
MOST_ITEMS = 50_000
SHORTEST_SCHEDULE_SECONDS = 300
LONGEST_PAUSE_SECONDS = 86_400
FIRST_PAUSE_SECONDS = 300
# Of what is told of a failure.
MOST_ERROR_CHARACTERS = 500
_UNREADABLE = re.compile(r"[^A-Za-z0-9._~@=+-]+")
_READABLE_CHARACTERS = 120
_BUCKET = re.compile(r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[\x21-\x7e ]{0,1000}$")


class SourceKind(StrEnum):
    FEED = "feed"
    SITEMAP = "sitemap"
    PAGE = "page"
    S3_PREFIX = "s3_prefix"


class SourceState(StrEnum):
    """`asking`: a refresh would delete more than it may, and waits for somebody to approve it."""

    ACTIVE = "active"
    PAUSED = "paused"
    ASKING = "asking"
    FAILING = "failing"


type Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(storable_text)]
type SourceId = Annotated[str, StringConstraints(pattern=SOURCE_ID_PATTERN)]
type ScheduleSeconds = Annotated[int, Field(ge=SHORTEST_SCHEDULE_SECONDS, le=30 * 86_400)]


class SourceSettings(BaseModel):
    """What of a source becomes documents, and how carefully. Patterns have `*` and `?`, as in a shell."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    include: list[Pattern] = Field(
        default_factory=list, max_length=100, description="Only addresses that one of these matches."
    )
    exclude: list[Pattern] = Field(
        default_factory=list, max_length=100, description="No address that one of these matches."
    )
    max_pages: int = Field(default=10_000, ge=1, le=MOST_ITEMS, description="Items, at most.")
    deletion_limit_percent: int = Field(
        default=20,
        ge=0,
        le=100,
        description="A refresh that would delete a larger share of the documents stops and asks.",
    )
    content: Literal["page", "entry"] = Field(
        default="page", description="Of a feed: the linked page, or what the entry itself says."
    )
    mirror: bool = Field(
        default=False, description="Of a feed: delete what it no longer has. Others always do."
    )
    requests_per_second: float = Field(default=5.0, ge=0.01, le=1_000, description="To one host, at most.")

    def takes(self, address: str) -> bool:
        """Whether an item's address is to become a document."""
        if any(fnmatch.fnmatchcase(address, pattern) for pattern in self.exclude):
            return False
        return not self.include or any(fnmatch.fnmatchcase(address, pattern) for pattern in self.include)


class SourceDefinition(BaseModel):
    """A source to be."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"id": "blog", "kind": "feed", "url": "https://example.com/feed.xml"}]
        },
    )

    id: SourceId | None = Field(default=None, description=f"{SOURCE_ID_RULE}; made up when left out.")
    kind: SourceKind
    url: str = Field(min_length=1, max_length=2_000, description="Where it is; s3://bucket/prefix for S3.")
    schedule_seconds: ScheduleSeconds | None = Field(
        default=86_400, description="Seconds between two refreshes; null for none but those asked for."
    )
    settings: SourceSettings = Field(default_factory=SourceSettings)

    @model_validator(mode="after")
    def _address_of_its_kind(self) -> Self:
        if self.kind is SourceKind.S3_PREFIX:
            if not _BUCKET.fullmatch(self.url):
                raise ValueError("url: an S3 prefix is s3://bucket/prefix")
            return self
        try:
            address = canonical_url(self.url)
        except ValueError as error:
            raise ValueError(f"url: {error}") from None
        return self if address == self.url else self.model_copy(update={"url": address})


def item_document_id(source_id: str, key: str) -> str:
    """The id of an item's document: readable, always the same, and no other source's."""
    readable = _UNREADABLE.sub("-", key.partition("://")[2] or key).strip("-")[:_READABLE_CHARACTERS]
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{source_id}:{readable}~{digest}"


def pause_seconds(failures: int, *, asked: float = 0.0) -> float:
    """How long to leave alone what has failed so many times in a row: doubling, up to a day."""
    doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 20)
    return min(max(doubled, asked), LONGEST_PAUSE_SECONDS)


def is_too_much(deletions: int, documents: int, percent: int) -> bool:
    """Whether deleting so many of a source's documents needs somebody's approval."""
    return deletions * 100 > documents * percent
