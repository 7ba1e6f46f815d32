"""Settings: where they come from, and what is said when they are wrong."""

from pathlib import Path

import pytest

from shared.config import (
    AccessSettings,
    CacheSettings,
    ConfigurationError,
    DatabaseSettings,
    EmbeddingSettings,
    HttpSettings,
    QueueSettings,
    load_environment_file,
    load_settings,
)
from shared.database.migration_settings import MigrationSettings


class Everything(HttpSettings, DatabaseSettings, CacheSettings, EmbeddingSettings):
    """The groups of a function that needs most of them."""


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (name.upper() for name in Everything.model_fields):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    load_environment_file.cache_clear()


def test_every_bad_variable_is_named_with_how_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("CACHE_TTL_SECONDS", "-1")
    monkeypatch.setenv("ADMIN_KEY_HASH", "hunter2")
    with pytest.raises(ConfigurationError) as raised:
        load_settings(Everything)
    message = str(raised.value)
    for part in ("LOG_LEVEL", "CACHE_TTL_SECONDS", "ADMIN_KEY_HASH", "DEBUG, INFO", "SHA-256"):
        assert part in message
    assert "hunter2" not in message
    assert "LOUD" not in message


def test_a_user_without_an_endpoint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_SECRET_ARN", "DATABASE_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_IAM_USER", "concord_search")
    with pytest.raises(ConfigurationError, match="set DATABASE_ENDPOINT, as DATABASE_IAM_USER is set"):
        load_settings(DatabaseSettings)


def test_migrations_need_no_more_than_their_owners_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_SECRET_ARN", "DATABASE_IAM_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_MIGRATION_URL", "postgresql://owner@db/app")
    assert load_settings(MigrationSettings).database_migration_url is not None


def test_what_is_missing_is_named() -> None:
    with pytest.raises(
        ConfigurationError, match="set DATABASE_URL, DATABASE_SECRET_ARN or DATABASE_IAM_USER"
    ):
        load_settings(Everything)


@pytest.mark.parametrize(
    "address", ["EmbedQueue", "in-process:", "https://", "ftp://host/queue", "https://host"]
)
def test_a_queue_s_address_is_checked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("EMBED_QUEUE_URL", address)
    with pytest.raises(ConfigurationError, match="EMBED_QUEUE_URL"):
        load_settings(QueueSettings)


def test_openai_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_PROVIDER", "openai")
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        load_settings(EmbeddingSettings)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:hunter2@db/app")
    settings = load_settings(DatabaseSettings)
    assert settings.database_url is not None
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_an_empty_value_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_TTL_SECONDS", "")
    assert load_settings(CacheSettings).cache_ttl_seconds == 30


def test_the_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\nCACHE_TTL_SECONDS=7\n")
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    # Set and unset through the fixture, so that what the file sets does not outlive the test.
    monkeypatch.setenv("CACHE_TTL_SECONDS", "1")
    monkeypatch.delenv("CACHE_TTL_SECONDS")
    assert load_settings(AccessSettings).log_level == "ERROR"
    assert load_settings(CacheSettings).cache_ttl_seconds == 7


def test_the_file_is_not_read_on_lambda(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CACHE_TTL_SECONDS=7\n")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "documents_get")
    assert load_settings(CacheSettings).cache_ttl_seconds == 30


@pytest.mark.parametrize(
    ("text", "origins"),
    [("https://a.example, https://b.example,", ("https://a.example", "https://b.example")), ("", ())],
)
def test_origins_are_split_at_commas(
    monkeypatch: pytest.MonkeyPatch, text: str, origins: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", text)
    assert load_settings(HttpSettings).cors_origins == origins
