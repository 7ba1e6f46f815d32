"""A search as it is asked, and its answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails

from shared.domain.boosts import Boost
from shared.domain.embedding_spaces import GivenVector
from shared.domain.filters import FilterText
from shared.domain.ranking import DEFAULT_ALPHA, MAX_RESULT_WINDOW, Fusion, SearchMode
from shared.domain.texts import storable_text
from shared.domain.usage import Metered

MAX_QUERY_CHARACTERS = 10_000
# A query that every document answers to.
EVERYTHING = "*"

QueryText = Annotated[str, Field(max_length=MAX_QUERY_CHARACTERS), AfterValidator(storable_text)]
SortText = Annotated[str, Field(max_length=500), AfterValidator(storable_text)]
FieldName = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable_text)]

DocumentField = Literal["id", "title", "url", "metadata", "body", "created_at", "updated_at"]
DEFAULT_FIELDS: tuple[DocumentField, ...] = (
    "id",
    "title",
    "url",
    "metadata",
    "created_at",
    "updated_at",
)


class AddressedSearch(BaseModel):
    """What to look for, where, and how much of it to show, as far as an address can say it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "q": "settings from environment variables",
                    "filter": 'year >= 2020 AND tags IN ["guide", "reference"]',
                    "limit": 5,
                }
            ]
        },
    )

    q: QueryText = Field(
        description='The words or the question to look for: `"an exact phrase"`, `-excluded`. '
        "With `*` every document that passes the filter is a hit.",
    )
    mode: SearchMode = Field(default=SearchMode.HYBRID, description="By words, by meaning, or by both.")
    space: Literal["serving", "other"] = Field(
        default="serving",
        description="While the collection changes its embedding model: `other` searches by the vectors that "
        "do not serve, to compare.",
    )
    alpha: float = Field(
        default=DEFAULT_ALPHA,
        ge=0,
        le=1,
        description="In a hybrid search: 0 is words alone, 1 is meaning alone.",
    )
    fusion: Fusion = Field(
        default=Fusion.WEIGHTED,
        description="How the two rankings become one: by their scores as they are, by scores stretched over "
        "the candidates, or by reciprocal ranks.",
    )
    typos: bool = Field(
        default=True,
        description="Whether a word that no document has may stand for similar ones: one mistake from 4 "
        "letters on, two from 8.",
    )
    prefix: bool | None = Field(
        default=None,
        description="Whether the last word may be the beginning of others: `true` always, `false` never, "
        "else when no document has it.",
    )
    filter: FilterText | None = Field(
        default=None,
        description="Metadata conditions, such as `year >= 2020 AND NOT draft = true`.",
    )
    sort: tuple[SortText, ...] = Field(
        default=(),
        max_length=5,
        description="What to order hits by instead of the score: `year:desc`, `title:asc`, `_score:desc`, "
        "`_geo(location,52.5,13.4):asc`.",
    )
    facets: tuple[FieldName, ...] = Field(
        default=(), max_length=20, description="Metadata fields whose values are to be counted."
    )
    facet_limit: int = Field(default=20, ge=1, le=200, description="Values to show per facet, at most.")
    facet_query: FieldName | None = Field(
        default=None,
        description="`field:text` shows those values of a facet alone that have the text in them.",
    )
    group_by: FieldName | None = Field(
        default=None,
        description="A metadata field of whose values each is shown once; `limit` and `offset` count groups.",
    )
    group_size: int = Field(default=1, ge=1, le=20, description="Hits to show per group, at most.")
    limit: int = Field(default=10, ge=1, le=100)
    offset: int = Field(default=0, ge=0)
    min_score: float = Field(
        default=0, ge=0, le=1, description="Leave out hits below this score, which is from 0 to 1."
    )
    passages: int = Field(default=1, ge=0, le=10, description="Passages to show per hit, at most.")
    highlight: bool = Field(
        default=True,
        description="Mark the words found, as `<mark>` in escaped HTML; where there are none, the sentence "
        "nearest in meaning (local embedding model).",
    )
    include_fields: tuple[DocumentField, ...] = Field(
        default=DEFAULT_FIELDS,
        description="The document's fields to return; `body` only on request.",
    )
    snippet_words: int | None = Field(
        default=None, ge=5, le=200, description="Cut passages to this many words around what was found."
    )
    explain: bool = Field(default=False, description="Show what each hit's score is made of.")
    consistency: Literal["eventual", "strong"] = Field(
        default="eventual",
        description="`strong` finds every write that was answered before: neither a cached answer nor one "
        "of a standby that follows the database will do.",
    )
    cutoff_ms: int | None = Field(
        default=None,
        ge=1,
        le=20_000,
        description="Milliseconds after which the answer is made of what has been found; `degraded` then "
        "has `cutoff`.",
    )

    @field_validator("q")
    @classmethod
    def _says_something(cls, q: str) -> str:
        if not q.strip():
            raise ValueError("must contain something to look for")
        return q

    @property
    def wants_everything(self) -> bool:
        return self.q.strip() == EVERYTHING

    @field_validator("offset")
    @classmethod
    def _within_reach(cls, offset: int, info: ValidationInfo) -> int:
        if offset + info.data.get("limit", 0) > MAX_RESULT_WINDOW:
            raise ValueError(f"offset + limit may be {MAX_RESULT_WINDOW} at most")
        return offset


class SearchRequest(AddressedSearch):
    """What to look for, where, and how much of it to show."""

    q: QueryText = Field(
        default=EVERYTHING,
        description='The words or the question to look for: `"an exact phrase"`, `-excluded`. '
        "With `*` every document that passes the filter is a hit. Needed where there is no `vector`.",
    )
    vector: GivenVector | None = Field(
        default=None,
        description="The query's vector, instead of an embedding of `q`; without `q` it alone decides. Of as "
        "many numbers as the collection's vectors have.",
    )
    boosts: tuple[Boost, ...] = Field(
        default=(), max_length=10, description="Fields that raise scores: popularity, or how recent it is."
    )

    @model_validator(mode="before")
    @classmethod
    def _asks_for_something(cls, value: object) -> object:
        if isinstance(value, dict) and "q" not in value and value.get("vector") is None:
            missing = InitErrorDetails(type="missing", loc=("q",), input=value)
            raise ValidationError.from_exception_data(cls.__name__, [missing])
        return value

    @field_validator("vector")
    @classmethod
    def _not_by_words(cls, vector: GivenVector | None, info: ValidationInfo) -> GivenVector | None:
        if vector is not None and info.data.get("mode") is SearchMode.KEYWORD:
            raise ValueError("says nothing where `mode` is keyword")
        return vector

    @property
    def is_by_vector_alone(self) -> bool:
        return self.vector is not None and self.wants_everything


class Passage(BaseModel):
    """A chunk of a hit: `body[start:end]` in Unicode code points."""

    text: str
    highlight: str | None
    snippet: str | None = None
    start: int
    end: int
    page: int | None
    heading: str | None
    score: float


class Explanation(BaseModel):
    """The parts of a score, each from 0 to 1."""

    keyword: float
    semantic: float
    alpha: float = Field(description="The share of meaning, moved towards the ranking whose best stand out.")
    feedback: float = Field(description="The share of likeness to the best document.")
    near_best: float = Field(description="How near in meaning the document is to the best one.")
    fusion: Fusion
    pinned: bool
    vector_scan: Literal["exact", "index", "none"]
    keyword_scan: Literal["complete", "budget"] = Field(
        description="Whether all postings were read, or the weightiest and all of the documents they name."
    )


class HitDocument(BaseModel):
    """The document of a hit, with the fields asked for."""

    id: str | None = None
    title: str | None = None
    url: str | None = None
    metadata: dict[str, Any] | None = None
    body: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @model_serializer(mode="wrap")
    def _only_what_was_asked_for(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {name: fields[name] for name in fields if name in self.model_fields_set}


class Group(BaseModel):
    """What a hit shares with those beside it: the field's value, and how many candidates have it."""

    value: Any
    found: int


class Hit(BaseModel):
    document: HitDocument
    score: float
    passages: list[Passage]
    group: Group | None = None
    explain: Explanation | None = None


class SearchResponse(Metered):
    """The page of hits, best first."""

    hits: list[Hit]
    found: int = Field(description="Documents that match, or candidates; `found_exact` says which.")
    found_exact: bool
    facets: dict[str, Any] = Field(
        default_factory=dict, description="Per facet its values with their counts."
    )
    next_offset: int | None = Field(
        default=None, description="Where to go on when hits were left out for size."
    )
    mode: SearchMode = Field(description="How the search was done, which `degraded` may explain.")
    degraded: list[str] = Field(description="Parts that could not be used.")
    took_ms: float
