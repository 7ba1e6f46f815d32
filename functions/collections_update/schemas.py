from pydantic import BaseModel, ConfigDict, Field

from shared.domain.names import ID_RULE, CollectionName


class CollectionUpdate(BaseModel):
    """What to change of a collection."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "manuals"}]})

    name: CollectionName = Field(description=f"The new name. {ID_RULE}")
