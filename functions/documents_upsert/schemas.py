"""A batch of documents in, one outcome for each out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator

from shared.domain.documents import MAX_BATCH, DocumentInput
from shared.domain.usage import Usage
from shared.http.errors_schema import ErrorDetail
from shared.http.responses import problem_details


@dataclass(frozen=True, slots=True)
class RejectedDocument:
    """A document of the batch that is not one, with what is wrong with it."""

    id: str | None
    details: list[dict[str, Any]]


def _keep_rejected(value: Any, validate: Callable[[Any], DocumentInput]) -> DocumentInput | RejectedDocument:
    """A bad document fails alone: the others of its batch are stored."""
    try:
        return validate(value)
    except ValidationError as error:
        claimed = value.get("id") if isinstance(value, dict) else None
        problems = error.errors(include_input=False, include_url=False)
        return RejectedDocument(id=_showable(claimed), details=problem_details(problems, whole="document"))


def _showable(claimed: object) -> str | None:
    """The id as given, when it is text that can be answered with."""
    if not isinstance(claimed, str):
        return None
    return claimed[:256].encode("utf-8", "replace").decode()


class UpsertRequest(BaseModel):
    """Documents to store, each under the caller's own id."""

    model_config = ConfigDict(extra="forbid")

    documents: list[Annotated[DocumentInput, WrapValidator(_keep_rejected)]] = Field(
        min_length=1, max_length=MAX_BATCH
    )


class UpsertItem(BaseModel):
    """What became of one document."""

    index: int = Field(description="Its place in the request, from 0.")
    id: str | None
    status: Literal["created", "updated", "unchanged", "failed"]
    error: ErrorDetail | None = None


class UpsertAnswer(BaseModel):
    """One item per document, in the request's order."""

    items: list[UpsertItem]
    errors: int = Field(description="How many items failed.")
    usage: Usage
