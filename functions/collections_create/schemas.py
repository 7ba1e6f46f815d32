from pydantic import BaseModel, ConfigDict, Field

from shared.domain.collection_settings import CollectionSettingsChange
from shared.domain.names import ID_RULE, CollectionName, Language


class CollectionCreate(BaseModel):
    """A collection to be."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "guides"}]})

    name: CollectionName = Field(description=ID_RULE)
    language: Language = Field(
        default="english", description="A text search configuration of Postgres; `simple` for none."
    )
    settings: CollectionSettingsChange = Field(
        default=CollectionSettingsChange(), description="How it is to be searched."
    )
