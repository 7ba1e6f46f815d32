"""How a collection's embedding model and its change look to callers."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.repositories.embedding_changes import FoundChange

ChangeState = Literal["backfilling", "complete", "switched", "rolled_back", "cleaning", "cleaned"]


class EmbeddingModel(BaseModel):
    """A model, and the numbers in one of its vectors."""

    model: str
    dimensions: int


class EmbeddingChange(BaseModel):
    """How far a change has come; `unread` and `waiting` are of documents, `failed` of those given up."""

    state: ChangeState
    old: EmbeddingModel
    new: EmbeddingModel
    rate: float | None = Field(description="Chunks per second at most; null as fast as it goes.")
    old_vectors: int
    new_vectors: int
    unread: int
    waiting: int
    failed: int
    error: str | None = Field(description="Why a document has failed, of one that has.")
    started_at: datetime
    changed_at: datetime


class EmbeddingAnswer(BaseModel):
    """The model that serves a collection's searches, and the change that is or was under way."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "collection": "guides",
                    "serving": {"model": "all-MiniLM-L6-v2", "dimensions": 384},
                    "chunks": 640,
                    "change": None,
                }
            ]
        }
    )

    collection: str
    serving: EmbeddingModel
    chunks: int
    change: EmbeddingChange | None

    @classmethod
    def of(cls, found: FoundChange) -> Self:
        fields = found._asdict()
        change = None
        if found.state is not None:
            models = {
                which: {"model": fields[f"{which}_model"], "dimensions": fields[f"{which}_dimensions"]}
                for which in ("old", "new")
            }
            change = EmbeddingChange.model_validate({**fields, **models})
        return cls(
            collection=found.collection,
            serving=EmbeddingModel(model=found.serving_model, dimensions=found.serving_dimensions),
            chunks=found.chunks,
            change=change,
        )
