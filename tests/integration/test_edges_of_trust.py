"""What keys, their settings and the forgetting of requests do where no route leads."""

import time

import psycopg
import pytest
from pydantic import SecretStr, ValidationError

from shared.config import AccessSettings, JwtSettings
from shared.database.connections import SingleConnection
from shared.domain.keys import refuse_more
from shared.domain.maintenance import Retention
from shared.domain.principals import WORKER, Permission, Principal
from shared.errors import PermissionDenied, Unauthenticated
from shared.security.access import AccessControl
from shared.security.keys import KeySecret
from shared.services import forget_requests

SECRET = SecretStr("a secret of 32 characters or more")
ADD_REQUESTS = """
INSERT INTO concord.idempotent_request (principal, route, key, fingerprint, holder, lease_until, created_at)
SELECT 'admin', 'route', n::text, '', '', now(), now() - interval '3 days' FROM generate_series(1, 3) AS n
"""


def test_an_issuer_needs_an_audience() -> None:
    with pytest.raises(ValidationError, match="set JWT_AUDIENCE"):
        JwtSettings(jwt_issuer="https://issuer.example.com", jwt_audience=None)


def test_who_sees_some_documents_makes_no_key_that_sees_more() -> None:
    maker = Principal("key:a", frozenset(Permission), readers=("user:ada",))
    for readers in (None, ["user:bob"]):
        with pytest.raises(PermissionDenied):
            refuse_more(maker, ["documents:search"], ["*"], readers)


async def test_without_a_database_no_key_is_known() -> None:
    text = KeySecret(SECRET).make().text
    with pytest.raises(Unauthenticated):
        await AccessControl(AccessSettings(), SECRET).authenticate(text)


async def test_requests_are_forgotten_until_none_is_left(
    database: SingleConnection, app: psycopg.Connection[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forget_requests, "ROWS_PER_UNIT", 2)
    app.execute(ADD_REQUESTS)
    app.commit()
    deadline = time.monotonic() + 60
    forgotten = await forget_requests.forget_requests(
        database, WORKER, retention=Retention(), deadline=deadline
    )
    assert forgotten == (3, True)
