"""The error answer, for the API's description."""

from typing import Any

from pydantic import BaseModel


class ErrorDetail(BaseModel):
    code: str
    message: str
    type: str
    details: list[dict[str, Any]]


class ErrorAnswer(BaseModel):
    error: ErrorDetail


def error_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Entries for a route's `responses`."""
    return {status: {"model": ErrorAnswer} for status in statuses}
