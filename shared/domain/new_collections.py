"""Collections to be: what a caller may ask for, and may change later."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.chunks import Chunking
from shared.domain.collection_settings import CollectionSettingsChange
from shared.domain.embedding_spaces import OwnSpace
from shared.domain.embedding_templates import DEFAULT_TEMPLATE, EmbeddingTemplate
from shared.domain.names import ID_RULE, CollectionName, Language

LONGEST_TTL_SECONDS = 10 * 365 * 24 * 60 * 60

TtlSeconds = Annotated[
    int,
    Field(
        strict=True,
        ge=60,
        le=LONGEST_TTL_SECONDS,
        description="How long documents without an `expires_at` of their own live after their last write, be"
        " it of the same. Holds for what is written from then on; null is for ever.",
        examples=[604_800],
    ),
]


MaxDocuments = Annotated[
    int,
    Field(
        strict=True,
        ge=0,
        le=2**31 - 1,
        description="How many documents it may have; null is any number. What is there stays when it is"
        " lowered, and is still replaced: only what is new is refused, with `quota_exceeded`.",
        examples=[100_000],
    ),
]


class NewCollection(BaseModel):
    """A collection to be."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "guides"}]})

    name: CollectionName = Field(description=ID_RULE)
    language: Language = Field(
        default="english", description="A text search configuration of Postgres; `simple` for none."
    )
    chunking: Chunking = Field(
        default=Chunking.HEADINGS,
        description="headings: passages of up to 256 tokens below headings; whole: one passage a document.",
    )
    embedding_template: EmbeddingTemplate = Field(default=[*DEFAULT_TEMPLATE])
    ttl_seconds: TtlSeconds | None = None
    max_documents: MaxDocuments | None = None
    embedding: OwnSpace | None = Field(
        default=None, description="A space of its own; without it the deployment's model embeds."
    )
    settings: CollectionSettingsChange = Field(
        default=CollectionSettingsChange(), description="How it is to be searched."
    )


@dataclass(frozen=True, slots=True)
class Ttl:
    """What documents live for; None is for ever."""

    seconds: int | None


@dataclass(frozen=True, slots=True)
class Quota:
    """How many documents there may be; None is any number."""

    max_documents: int | None


@dataclass(frozen=True, slots=True)
class CollectionChange:
    """What to change of a collection; None leaves what is."""

    name: str | None = None
    chunking: Chunking | None = None
    embedding_template: list[str] | None = None
    ttl: Ttl | None = None
    quota: Quota | None = None
    settings: CollectionSettingsChange | None = None
