"""The database and Redis are believed for their certificates alone, in production."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from pydantic import SecretStr

from shared.cache.address import redis_address
from shared.cache.opening import open_cache
from shared.cache.protocol import CacheKey, CacheState
from shared.config import CacheSettings, ConfigurationError, DatabaseSettings, Environment
from shared.database.addresses import database_url
from shared.database.connections import open_connection
from shared.domain.principals import ADMIN
from shared.errors import DatabaseUnavailable
from tests.builders.certificates import Authority
from tests.builders.claims import claimed_in
from tests.builders.redis import RedisServer
from tests.builders.tls_front import tls_front

NAME = "db.example.com"
ELSEWHERE = f"postgresql://ann:secret@{NAME}:5432/app"
AMAZON = Path(__file__).parents[2] / "infra" / "certificates" / "amazon-rds.pem"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def production(url: str, ca: Path | None = None, *, unverified: bool = False) -> DatabaseSettings:
    return DatabaseSettings(
        environment=Environment.PRODUCTION,
        database_url=SecretStr(url),
        tls_ca_file=ca,
        tls_unverified=unverified,
    )


@asynccontextmanager
async def postgres_in_tls(url: str, authority: Authority, name: str = NAME) -> AsyncIterator[str]:
    """The address of that database, in TLS and by a host's name."""
    folder = parse_qs(urlsplit(url).query)["host"][0]
    socket = Path(folder) / ".s.PGSQL.5432"
    async with tls_front(socket, authority.server(name), of_postgres=True) as port:
        database = urlsplit(url).path
        yield f"postgresql://postgres@{NAME}:{port}{database}?hostaddr=127.0.0.1"


async def answers(settings: DatabaseSettings) -> bool:
    database = open_connection(settings)
    try:
        return (await claimed_in(database, ADMIN)).principal == "admin"
    except DatabaseUnavailable:
        return False
    finally:
        await database.aclose()


async def test_a_server_with_a_certificate_for_its_name_is_believed(
    database_url: str, authority: Authority
) -> None:
    async with postgres_in_tls(database_url, authority) as url:
        assert await answers(production(url, authority.path))
        assert await answers(production(f"{url}&sslmode=verify-full&sslrootcert={authority.path}"))


async def test_another_name_another_authority_and_none_are_not(
    database_url: str, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "others").mkdir()
    other = Authority(tmp_path / "others")
    async with postgres_in_tls(database_url, authority, "another.example.com") as url:
        assert not await answers(production(url, authority.path))
    async with postgres_in_tls(database_url, authority) as url:
        assert not await answers(production(url, other.path))
        # Nobody that the system trusts vouches for it.
        assert not await answers(production(url))
        assert await answers(production(url, unverified=True))


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_an_address_that_believes_anybody_is_refused_in_production(mode: str) -> None:
    url = f"{ELSEWHERE}?sslmode={mode}"
    with pytest.raises(ConfigurationError, match=f"DATABASE_URL: sslmode={mode} believes") as refused:
        database_url(production(url))
    assert "secret" not in refused.value.message
    assert database_url(production(url, unverified=True)) == url
    assert database_url(DatabaseSettings(database_url=SecretStr(url))) == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres@localhost/app",
        "postgresql://postgres@localhost/app?host=/run/postgres",
        "postgresql://postgres@postgres:5432/app",
        "postgresql://[malformed",
    ],
)
def test_what_is_beside_us_needs_no_tls(url: str) -> None:
    assert database_url(production(url)) == url


def test_elsewhere_than_in_production_an_address_is_left_as_it_is(authority: Authority) -> None:
    assert database_url(DatabaseSettings(database_url=SecretStr(ELSEWHERE))) == ELSEWHERE
    asked = DatabaseSettings(database_url=SecretStr(ELSEWHERE), tls_ca_file=authority.path)
    assert database_url(asked) == f"{ELSEWHERE}?sslmode=verify-full&sslrootcert={authority.path}"
    unverified = DatabaseSettings(
        database_url=SecretStr(ELSEWHERE), tls_ca_file=authority.path, tls_unverified=True
    )
    assert database_url(unverified) == f"{ELSEWHERE}?sslmode=require"


@asynccontextmanager
async def redis_in_tls(server: RedisServer, authority: Authority, name: str) -> AsyncIterator[str]:
    async with tls_front(server.socket, authority.server(name), of_postgres=False) as port:
        yield f"rediss://localhost:{port}/0"


def redis_settings(url: str, ca: Path | None = None, *, unverified: bool = False) -> CacheSettings:
    return CacheSettings(
        environment=Environment.PRODUCTION,
        redis_url=SecretStr(url),
        tls_ca_file=ca,
        tls_unverified=unverified,
    )


async def is_kept(settings: CacheSettings) -> bool:
    """Whether an answer is found again, which takes a Redis that is believed."""
    cache = open_cache(settings)

    async def load() -> bytes:
        return json.dumps("an answer").encode()

    try:
        answers = [await cache.read(CacheKey("tls", "all", "GET /"), load) for _ in range(20)]
    finally:
        await cache.aclose()
    return CacheState.HIT in {answer.state for answer in answers}


async def test_a_redis_is_believed_for_its_certificate(authority: Authority) -> None:
    with RedisServer() as server:
        async with redis_in_tls(server, authority, "localhost") as url:
            assert not await is_kept(redis_settings(url))
            assert await is_kept(redis_settings(url, authority.path))
            assert await is_kept(redis_settings(f"{url}?db=1", authority.path, unverified=True))
        async with redis_in_tls(server, authority, "another.example.com") as url:
            assert not await is_kept(redis_settings(url, authority.path))


def test_a_redis_elsewhere_is_spoken_to_in_tls_in_production() -> None:
    plain = "redis://:secret@cache.example.com:6379/0"
    with pytest.raises(ConfigurationError, match="REDIS_URL: without TLS") as refused:
        open_cache(redis_settings(plain))
    assert "secret" not in refused.value.message
    assert redis_address(redis_settings(plain, unverified=True)) == plain
    assert redis_address(CacheSettings(redis_url=SecretStr(plain))) == plain
    for nearby in ("redis://localhost:6379/0", "redis://redis:6379/0", "unix:///run/redis.sock"):
        assert redis_address(redis_settings(nearby)) == nearby
    with pytest.raises(ConfigurationError, match="REDIS_URL is malformed") as malformed:
        redis_address(redis_settings("rediss://:secret@[cache"))
    assert "secret" not in malformed.value.message


# Of one that Amazon has signed so.
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_the_authorities_of_amazon_last() -> None:
    """Those that the runtime layer carries: a year before the first one ends, there must be others."""
    authorities = x509.load_pem_x509_certificates(AMAZON.read_bytes())
    names = {str(found.subject.rfc4514_string()) for found in authorities}
    assert len(names) == len(authorities) > 80
    for found in authorities:
        found.verify_directly_issued_by(found)
        assert found.not_valid_after_utc > dt.datetime.now(dt.UTC) + dt.timedelta(days=365)
