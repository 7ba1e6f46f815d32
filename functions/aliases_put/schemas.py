from pydantic import BaseModel, ConfigDict, Field

from shared.domain.names import ID_RULE, CollectionName


class AliasRequest(BaseModel):
    """What the alias stands for from now on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"collection": "guides_v2"}]})

    collection: CollectionName = Field(description=f"A collection's own name. {ID_RULE}")
