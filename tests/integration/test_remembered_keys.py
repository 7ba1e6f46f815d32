"""How long an issuer's keys do that a process has read."""

from datetime import UTC, datetime

import pytest

from shared.database.connections import SingleConnection, open_connection
from shared.domain.principals import WORKER
from shared.domain.signing_keys import FetchedKeySet
from shared.errors import DatabaseUnavailable
from shared.services.signing_keys import RememberedKeySet, store_key_set
from tests.builders.issuer import ISSUER, Key
from tests.builders.library import settings_of


async def store(database: SingleConnection, *keys: Key) -> None:
    fetched = FetchedKeySet.of(ISSUER, datetime.now(UTC), [key.public() for key in keys])
    await store_key_set(database, WORKER, fetched, issuer=ISSUER)


async def test_keys_do_for_five_minutes_while_the_database_is_down(database: SingleConnection) -> None:
    now = 0.0
    keys = RememberedKeySet(ISSUER, clock=lambda: now)
    down = open_connection(settings_of("postgresql://postgres@127.0.0.1:1/postgres"))
    await store(database, Key("one"))
    assert set(await keys.read(database)) == {"one"}
    await store(database, Key("one"), Key("two"))
    now = 30.0
    assert set(await keys.read(database)) == {"one"}
    now = 31.0
    assert set(await keys.read(down)) == {"one"}
    assert set(await keys.read(database)) == {"one", "two"}
    now = 332.0
    with pytest.raises(DatabaseUnavailable):
        await keys.read(down)
    await down.aclose()
