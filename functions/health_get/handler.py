from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from functions.health_get.settings import Settings
from shared.http.lambda_function import HttpFunction

router = APIRouter()


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/health", tags=["service"])
async def health_get() -> Health:
    """Whether this function answers. Public."""
    return Health()


handler = HttpFunction(router, Settings)
