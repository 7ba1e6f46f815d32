"""Every error as a response: `{"error": {"code", "message", "type", "details"}}`, here and nowhere else."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.errors import (
    ConcordError,
    IdempotencyInProgress,
    InvalidRequest,
    KeyEnded,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from shared.http.auth import authenticated
from shared.http.errors_schema import ErrorDetail
from shared.observability import Event, Metric, count, describe_error, logger

# Errors of this class tell callers what they did; those of others are ours, and stay inside.
_INTERNAL_STATUS = 500


def error_body(error: ConcordError) -> dict[str, Any]:
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "type": error.type,
            "details": error.details,
        }
    }


def error_detail(error: ConcordError) -> ErrorDetail:
    """An error as part of an answer that tells of several outcomes."""
    return ErrorDetail.model_validate(error_body(error)["error"])


def error_response(error: ConcordError) -> JSONResponse:
    if error.status == _INTERNAL_STATUS:
        count(Metric.REQUEST_FAILED)
        logger().error(Event.REQUEST_FAILED, extra=describe_error(error.__cause__ or error))
        error = ConcordError()
    headers = {}
    if isinstance(error, Unavailable):
        logger().warning(Event.REQUEST_UNAVAILABLE, extra=describe_error(error.__cause__ or error))
    if isinstance(error, Unavailable | TooManyRequests | IdempotencyInProgress):
        headers["retry-after"] = str(error.retry_after_seconds)
    if error.status == 401:  # noqa: PLR2004 - RFC 9110 asks for this header with this status.
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(error_body(error), status_code=error.status, headers=headers)


async def answer_concord_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ConcordError)  # noqa: S101 - registered for this class alone.
    if isinstance(error, KeyEnded | PermissionDenied):
        # Loaded by few requests.
        from shared.http.refusals import tell_of_refusal  # noqa: PLC0415 - see above

        await tell_of_refusal(request, error)
    return error_response(error)


async def answer_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone.
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return error_response(await _unless_stranger(request, _malformed_body()))
    return error_response(InvalidRequest(details=problem_details(problems)))


async def answer_http_exception(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: unknown addresses, methods, unreadable bodies."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone.
    known: dict[int, ConcordError] = {
        400: _malformed_body(),
        404: NotFound(),
        405: MethodNotAllowed(),
        413: PayloadTooLarge(details=[{"field": "body", "message": "over 5 MB"}]),
    }
    told = known.get(error.status_code, ConcordError())
    if isinstance(told, MalformedBody | PayloadTooLarge):
        told = await _unless_stranger(request, told)
    response = error_response(told)
    response.headers.update(error.headers or {})
    return response


def _malformed_body() -> MalformedBody:
    return MalformedBody(details=[{"field": "body", "message": "not JSON in UTF-8"}])


async def _unless_stranger(request: Request, error: ConcordError) -> ConcordError:
    """The framework reads a body before it asks who sent it; strangers are told no more than to sign in."""
    try:
        await authenticated(request)
    except (Unauthenticated, TooManyRequests, Unavailable) as refusal:
        return refusal
    return error


def problem_details(problems: Sequence[Any], *, whole: str = "body") -> list[dict[str, Any]]:
    """pydantic's problems as `{"field", "message"}`, without the values that caused them.

    `whole` names the field where a problem is with all of the input.
    """
    return [
        {"field": _field_name(problem["loc"]) or whole, "message": _message(problem["msg"])}
        for problem in problems
    ]


def _field_name(location: Sequence[int | str]) -> str:
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in {"body", "query", "path", "header"}:
        parts = parts[1:]
    return ".".join(parts)


def _message(message: str) -> str:
    return message.removeprefix("Value error, ")
