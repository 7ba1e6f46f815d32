from typing import Any

from functions.jwks_fetch.resources import Resources, open_resources
from functions.jwks_fetch.settings import Settings
from shared.errors import InvalidRequest
from shared.events.envelopes import is_schedule
from shared.events.lambda_function import EventFunction


async def jwks_fetch(event: dict[str, Any], resources: Resources, _deadline: float) -> Any:
    """Fetch the keys of the issuer of JWTs and hand them to jwks_store."""
    if not is_schedule(event):
        raise InvalidRequest('The event comes from no schedule; by hand, send {"schedule": "now"}.')
    return {"keys": await resources.fetch()}


handler = EventFunction(jwks_fetch, Settings, open_resources)
