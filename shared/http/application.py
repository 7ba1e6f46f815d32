"""A FastAPI application around one function's router on Lambda, around all of them on a laptop."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.config import ConfigurationError, Environment, HttpSettings, LimitSettings, PublicSettings
from shared.errors import ConcordError
from shared.http.boundary import Boundary, ListedOrigins, SafeHeaders
from shared.http.limits import RequestLimits
from shared.http.responses import (
    answer_concord_error,
    answer_http_exception,
    answer_validation_error,
)
from shared.security.access import AccessControl

if TYPE_CHECKING:
    from shared.http.jwt_bearers import JwtBearers


def build_application(routers: Sequence[APIRouter], settings: PublicSettings) -> FastAPI:
    """The routes with access control, error responses and limits; resources go into `state` separately."""
    application = FastAPI(
        title="Concord",
        # An included router would match each request against its routes twice.
        routes=[route for router in routers for route in router.routes],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    # What answers anybody knows no keys, limits and tokens.
    private = settings if isinstance(settings, HttpSettings) else None
    application.state.access = AccessControl(settings, private.key_hash_secret if private else None)
    application.state.limits = RequestLimits(private or LimitSettings.model_construct())
    application.state.jwt_bearers = _jwt_bearers(private) if private else None
    application.add_exception_handler(ConcordError, answer_concord_error)
    application.add_exception_handler(RequestValidationError, answer_validation_error)
    application.add_exception_handler(HTTPException, answer_http_exception)
    application.add_middleware(Boundary)
    if settings.cors_origins:
        _refuse_patterns(settings.cors_origins)
        application.add_middleware(
            ListedOrigins,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
            allow_headers=[
                "authorization",
                "content-type",
                "cache-control",
                "idempotency-key",
                "if-match",
                "if-none-match",
            ],
            expose_headers=[
                "concord-usage",
                "etag",
                "idempotency-replayed",
                "ratelimit",
                "ratelimit-policy",
                "retry-after",
                "x-cache",
                "x-request-id",
            ],
        )
    application.add_middleware(SafeHeaders, https_alone=settings.environment is Environment.PRODUCTION)
    return application


def _jwt_bearers(settings: HttpSettings) -> "JwtBearers | None":
    if settings.jwt_issuer is None:
        return None
    # Cryptography is a heavy import: only who takes JWTs pays for it.
    from shared.http.jwt_bearers import JwtBearers  # noqa: PLC0415 - see above

    return JwtBearers(settings, settings.jwt_issuer)


def _refuse_patterns(origins: Sequence[str]) -> None:
    """Scheme, host and port, as browsers send them; a pattern like `*` would let strangers in."""
    if not all(re.fullmatch(r"https?://[^/\s*]+", origin) for origin in origins):
        raise ConfigurationError("CORS_ORIGINS: set it to origins like https://app.example.com, or to none.")
