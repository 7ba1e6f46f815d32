from pydantic import BaseModel, ConfigDict, Field

from shared.domain.chunks import Chunking
from shared.domain.documents import DocumentInput
from shared.domain.embedding_templates import EmbeddingTemplate


class PreviewRequest(BaseModel):
    """A document, and how it is to become passages: as its collection says, unless this does."""

    model_config = ConfigDict(extra="forbid")

    document: DocumentInput
    chunking: Chunking | None = None
    embedding_template: EmbeddingTemplate | None = None


class PreviewedChunk(BaseModel):
    """A passage as it would be shown, and the text that its vector would be made of."""

    model_config = ConfigDict(from_attributes=True)

    text: str
    embedded_text: str
    tokens: int = Field(description="Of the embedded text, estimated.")
    start: int = Field(description="Of the passage in the body, in Unicode code points.")
    end: int
    page: int | None
    heading: str | None


class PreviewAnswer(BaseModel):
    """The passages in order; nothing is stored or embedded."""

    chunks: list[PreviewedChunk]
