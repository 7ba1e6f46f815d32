"""Which server a question goes to, and how the standby is signed in to."""

import pytest
from pydantic import SecretStr

from shared.config import DatabaseSettings
from shared.database.addresses import ReaderSettings, reader_settings
from shared.database.connections import SingleConnection, WithReader, ask_reader
from shared.database.units_of_work import Database
from shared.domain.principals import ADMIN, Permission, Principal

NOWHERE = DatabaseSettings(database_url=SecretStr("postgresql://nobody@nowhere.invalid:5432/x"))


async def test_whoever_sees_documents_by_their_readers_asks_the_writer() -> None:
    writer, reader = SingleConnection(NOWHERE), SingleConnection(NOWHERE)
    database = WithReader(writer, reader)

    async def tell(asked: Database) -> Database:
        return asked

    ada = Principal("ada", frozenset({Permission.DOCUMENTS_SEARCH}), readers=("user:ada",))
    assert await ask_reader(database, ADMIN, tell) is reader
    assert await ask_reader(database, ADMIN, tell, strong=True) is writer
    assert await ask_reader(database, ada, tell) is writer
    assert await ask_reader(writer, ADMIN, tell) is writer


def settings(reader: str | None, **writer: object) -> ReaderSettings:
    return ReaderSettings.model_validate({"database_reader_url": reader, **writer})


OUTRIGHT = {"database_url": "postgresql://app@db:5432/app"}
SECRET = {"database_secret_arn": "arn:aws:x", "database_endpoint": "db:5432/app"}


def test_without_a_standby_there_is_nothing_to_open() -> None:
    assert reader_settings(settings(None, **OUTRIGHT)) is None


@pytest.mark.parametrize("writer", [OUTRIGHT, SECRET])
def test_a_standby_may_have_a_login_of_its_own(writer: dict[str, object]) -> None:
    found = reader_settings(settings("postgresql://me:pw@ro:5432/app", **writer))
    assert found is not None
    assert found.database_url == SecretStr("postgresql://me:pw@ro:5432/app")


def test_a_standby_has_the_login_of_the_writer() -> None:
    found = reader_settings(settings("postgresql://ro:5432/app", **SECRET))
    assert found is not None
    assert (found.database_url, found.database_endpoint) == (None, "ro:5432/app")
    assert found.database_secret_arn == SECRET["database_secret_arn"]


def test_an_address_without_a_login_is_one_where_the_writer_s_is_given_outright() -> None:
    found = reader_settings(settings("postgresql:///app?host=/run/standby", **OUTRIGHT))
    assert found is not None
    assert found.database_url == SecretStr("postgresql:///app?host=/run/standby")
