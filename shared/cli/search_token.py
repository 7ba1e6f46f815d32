"""Search tokens, made on the side of who has the key."""

import time
from typing import Any

import typer
from pydantic import ValidationError

from shared.cli.api_key import api_key
from shared.domain.tokens import TokenClaims
from shared.errors import InvalidFilter, Unauthenticated
from shared.querying.filters import parse_filter
from shared.security.tokens import LONGEST_LIFE_SECONDS, sign_token

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def signed_token(expires: str, said: dict[str, Any]) -> str:
    """A token that says this and ends in so long. Raises typer.BadParameter for what no server would take."""
    claims = {"exp": int(time.time()) + _seconds_of(expires), **said}
    try:
        TokenClaims.model_validate(claims)
        if "filter" in claims:
            parse_filter(claims["filter"])
        return sign_token(api_key() or "", claims)
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{first['loc'][0]}: {first['msg']}") from None
    except InvalidFilter as error:
        raise typer.BadParameter(error.details[0]["message"], param_hint="--filter") from None
    except Unauthenticated:
        raise typer.BadParameter("set CONCORD_API_KEY to a key, as in ck_…") from None


def _seconds_of(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()):
        raise typer.BadParameter("a number and s, m, h or d, as in 15m", param_hint="--expires")
    seconds = int(number) * _UNITS[unit]
    if not 0 < seconds <= LONGEST_LIFE_SECONDS:
        raise typer.BadParameter("30d at most", param_hint="--expires")
    return seconds
