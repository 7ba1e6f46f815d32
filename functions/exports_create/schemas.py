from pydantic import BaseModel, ConfigDict, Field


class ExportRequest(BaseModel):
    """What is to be in the bundle beside the documents and settings."""

    model_config = ConfigDict(extra="forbid")

    vectors: bool = Field(
        default=False, description="With the chunks' vectors, so that an import embeds nothing anew."
    )
