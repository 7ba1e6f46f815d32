from typing import Any

from functions.jwks_store.resources import Resources, open_resources
from functions.jwks_store.settings import Settings
from shared.domain.principals import WORKER
from shared.domain.signing_keys import FetchedKeySet
from shared.events.envelopes import process_records
from shared.events.lambda_function import EventFunction
from shared.services.signing_keys import store_key_set


async def jwks_store(event: dict[str, Any], resources: Resources, _deadline: float) -> Any:
    """Store the keys that the queue's messages bring."""

    async def store(fetched: FetchedKeySet) -> None:
        await store_key_set(resources.database, WORKER, fetched, issuer=resources.issuer)

    return await process_records(event, FetchedKeySet.from_message, store)


handler = EventFunction(jwks_store, Settings, open_resources)
