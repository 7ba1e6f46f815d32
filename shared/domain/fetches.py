"""What the functions of sources tell each other: what is to be fetched, and what came of it.

A request is a queue's message. Its batch's outcome is an object of the import bucket, next to which lie
the files that were fetched; it is written last, when all of them are there.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from shared.domain.correlation import is_correlation_id
from shared.domain.sources import SourceKind, SourceSettings
from shared.errors import InvalidRequest

FILES = "fetched/files/"
OUTCOMES = "fetched/outcomes/"
# One message has 256 KiB.
MOST_ITEMS_IN_A_REQUEST = 200
MOST_BYTES_IN_A_REQUEST = 200_000

type Short = Annotated[str, Field(max_length=2_500)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class ItemToFetch(_Part):
    """An item, with what is known of it: by that its server, and then its hash, tell whether it changed."""

    key: Short
    url: Short
    etag: Short | None = None
    last_modified: Short | None = None
    content_hash: Short | None = None


class FetchRequest(_Part):
    """One batch of a source's run: its listing when `items` is None, else these items."""

    collection_id: Annotated[int, Field(gt=0)]
    source_id: Short
    run: Annotated[int, Field(gt=0)]
    batch: Annotated[int, Field(gt=0)]
    kind: SourceKind
    settings: SourceSettings
    listing: ItemToFetch | None = None
    items: list[ItemToFetch] = []
    correlation_id: str | None = None

    def to_message(self) -> str:
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_message(cls, body: str) -> Self:
        """Read a message's body. Raises InvalidRequest, which does not quote it."""
        try:
            request = cls.model_validate_json(body)
        except ValidationError as error:
            fields = ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors()}))
            raise InvalidRequest(f"The fetch request is malformed: {fields or 'no JSON'}.") from None
        if request.correlation_id is not None and not is_correlation_id(request.correlation_id):
            raise InvalidRequest("The correlation_id of a fetch request is malformed.")
        return request

    @property
    def folder(self) -> str:
        """Where its files lie in the bucket."""
        return f"{FILES}{self._path}"

    @property
    def outcome_key(self) -> str:
        return f"{OUTCOMES}{self._path}"

    @property
    def _path(self) -> str:
        return f"{self.collection_id}/{self.source_id}/{self.run}-{self.batch}"


class ListedItem(_Part):
    """An item that a listing names. `content` is HTML that the listing itself has of it.

    `version` changes when the item does, where the listing can tell.
    """

    key: str
    url: str
    title: str | None = None
    content: str | None = None
    version: str | None = None
    metadata: dict[str, JsonValue] = {}


class Problem(_Part):
    """Why something was not fetched, and for how long its server asks to be left alone."""

    code: str
    message: str
    retry_after_seconds: float = 0.0


class ListingOutcome(_Part):
    """`items` is None where the listing is the one that is known. Only a complete one tells what is gone."""

    items: list[ListedItem] | None = None
    complete: bool = True
    etag: str | None = None
    last_modified: str | None = None
    content_hash: str | None = None
    problem: Problem | None = None


class ItemOutcome(_Part):
    """What became of one item.

    `fetched` has a file; `same` was fetched and is as it was; `left` had no time and is asked for again.
    """

    key: str
    state: Literal["not_modified", "same", "fetched", "failed", "left"]
    url: str = ""
    etag: str | None = None
    last_modified: str | None = None
    content_hash: str | None = None
    file: str | None = None
    name: str = ""
    problem: Problem | None = None


class BatchOutcome(_Part):
    collection_id: int
    source_id: str
    run: int
    batch: int
    listing: ListingOutcome | None = None
    items: list[ItemOutcome] = []
    correlation_id: str | None = None
