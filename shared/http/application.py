"""A FastAPI application around one function's router on Lambda, around all of them on a laptop."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from shared.config import HttpSettings
from shared.errors import ConcordError
from shared.http.boundary import Boundary
from shared.http.responses import (
    answer_concord_error,
    answer_http_exception,
    answer_validation_error,
)
from shared.security.access import AccessControl


def build_application(routers: Sequence[APIRouter], settings: HttpSettings) -> FastAPI:
    """The routes with access control, error responses and limits; resources go into `state` separately."""
    application = FastAPI(title="Concord", openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers:
        application.include_router(router)
    application.state.access = AccessControl(settings)
    application.add_exception_handler(ConcordError, answer_concord_error)
    application.add_exception_handler(RequestValidationError, answer_validation_error)
    application.add_exception_handler(HTTPException, answer_http_exception)
    application.add_middleware(Boundary)
    if settings.cors_origins:
        application.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["authorization", "content-type", "cache-control"],
            expose_headers=["x-cache", "x-request-id"],
        )
    return application
