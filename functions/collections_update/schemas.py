from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.domain.chunks import Chunking
from shared.domain.collection_settings import CollectionSettingsChange
from shared.domain.embedding_templates import EmbeddingTemplate
from shared.domain.names import ID_RULE, CollectionName
from shared.domain.new_collections import CollectionChange, MaxDocuments, Quota, Ttl, TtlSeconds


class CollectionUpdate(BaseModel):
    """What to change of a collection."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "manuals"},
                {"ttl_seconds": 604_800},
                {"settings": {"synonyms": [["tv", "television"]], "stop_words": None}},
            ]
        },
    )

    name: CollectionName | None = Field(default=None, description=f"The new name. {ID_RULE}")
    chunking: Chunking | None = Field(
        default=None, description="How documents become chunks when they are written from now on."
    )
    embedding_template: EmbeddingTemplate | None = None
    ttl_seconds: TtlSeconds | None = None
    max_documents: MaxDocuments | None = None
    settings: CollectionSettingsChange | None = Field(default=None, description="The settings to change.")

    @field_validator("name", "chunking", "embedding_template", "settings", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("may be left out, but not null")
        return value

    @model_validator(mode="after")
    def _something_to_change(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"name at least one of {', '.join(type(self).model_fields)}")
        return self

    def change(self) -> CollectionChange:
        """What was named."""
        return CollectionChange(
            name=self.name,
            chunking=self.chunking,
            embedding_template=self.embedding_template,
            ttl=Ttl(self.ttl_seconds) if "ttl_seconds" in self.model_fields_set else None,
            quota=Quota(self.max_documents) if "max_documents" in self.model_fields_set else None,
            settings=self.settings,
        )
