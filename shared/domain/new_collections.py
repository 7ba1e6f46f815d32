"""Collections to be: what a caller may ask for."""

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.chunks import Chunking
from shared.domain.collection_settings import CollectionSettingsChange
from shared.domain.embedding_templates import DEFAULT_TEMPLATE, EmbeddingTemplate
from shared.domain.names import ID_RULE, CollectionName, Language


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
    settings: CollectionSettingsChange = Field(
        default=CollectionSettingsChange(), description="How it is to be searched."
    )
