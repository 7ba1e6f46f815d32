"""Settings groups. A function composes the groups it needs into its own `Settings` class."""

import functools
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class ConfigurationError(Exception):
    """A setting is missing or malformed; the message names it and says how to set it."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class Environment(StrEnum):
    LOCAL = "local"
    TEST = "test"
    PRODUCTION = "production"


class EmbeddingProvider(StrEnum):
    LOCAL = "local"
    BEDROCK = "bedrock"
    OPENAI = "openai"


class SettingsGroup(BaseSettings):
    """Read from the environment alone; values never appear in error messages."""

    # Only the class that a function reads is built, not the groups that it is composed of.
    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
        defer_build=True,
    )


class ProcessSettings(SettingsGroup):
    environment: Environment = Field(default=Environment.LOCAL, description="local, test or production")
    log_level: Annotated[str, StringConstraints(pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")] = Field(
        default="INFO", description="DEBUG, INFO, WARNING, ERROR or CRITICAL"
    )


class TransportSettings(SettingsGroup):
    """How a connection to the database or to Redis is kept from others' eyes."""

    environment: Environment = Field(default=Environment.LOCAL, description="local, test or production")
    tls_ca_file: Path | None = Field(
        default=None,
        description="certificates of who vouches for the database and Redis; without it the system's",
    )
    tls_unverified: bool = Field(
        default=False,
        description="dangerous: true lets production speak to a database or Redis that nobody vouches for",
    )


class DatabaseSettings(TransportSettings):
    database_url: SecretStr | None = Field(
        default=None, description="postgresql://user:password@host:5432/name"
    )
    database_secret_arn: str | None = Field(
        default=None,
        description="ARN of a secret with username and password; used when DATABASE_URL is not set",
    )
    database_iam_user: str | None = Field(
        default=None,
        description="user to sign in as with IAM authentication; used when neither of the two is set",
    )
    database_endpoint: Annotated[str, StringConstraints(pattern=r"^[^/@\s]+:\d+/[^/\s]+$")] | None = Field(
        default=None,
        description="host:port/name, for IAM authentication and for a secret that does not say it",
    )
    database_pool_size: int = Field(
        default=8, ge=1, le=100, description="connections `concord up` may hold; Lambda holds one"
    )
    database_prepared_statements: bool = Field(
        default=False, description="true where no transaction pooler stands in between"
    )
    database_statement_timeout_ms: int = Field(
        default=20_000, ge=100, description="milliseconds one statement may take"
    )
    database_close_after_event: bool = Field(
        default=False, description="true where an open connection keeps the database from pausing"
    )
    database_resume_seconds: int = Field(
        default=0, ge=0, le=300, description="seconds to go on connecting while a paused database resumes"
    )

    @model_validator(mode="after")
    def _one_way_to_the_database(self) -> "DatabaseSettings":
        if not self._has_an_address():
            raise ValueError("set DATABASE_URL, DATABASE_SECRET_ARN or DATABASE_IAM_USER")
        if self.database_iam_user and not self.database_endpoint:
            raise ValueError("set DATABASE_ENDPOINT, as DATABASE_IAM_USER is set")
        return self

    def _has_an_address(self) -> bool:
        return bool(self.database_url or self.database_secret_arn or self.database_iam_user)


class RedisSettings(TransportSettings):
    redis_url: SecretStr | None = Field(
        default=None, description="redis://host:6379/0; without it nothing is cached"
    )
    redis_secret_arn: str | None = Field(
        default=None, description="ARN of a secret with the password of that Redis, and perhaps a username"
    )

    @model_validator(mode="after")
    def _a_login_for_somewhere(self) -> "RedisSettings":
        if self.redis_secret_arn is not None and self.redis_url is None:
            raise ValueError("set REDIS_URL, as REDIS_SECRET_ARN is set")
        return self


class CacheSettings(RedisSettings):
    cache_ttl_seconds: int = Field(
        default=30,
        ge=0,
        le=86_400,
        description="seconds an answer may be served; 0 always asks Postgres",
    )


class EmbeddingSettings(SettingsGroup):
    embedding_provider: EmbeddingProvider = Field(
        default=EmbeddingProvider.LOCAL, description="local, bedrock or openai"
    )
    embedding_model: str = Field(
        default="all-MiniLM-L6-v2", min_length=1, description="the provider's name of the model"
    )
    embedding_dimensions: int = Field(
        default=384, ge=1, le=4000, description="numbers in one of the model's vectors"
    )
    embedding_model_dir: Path | None = Field(
        default=None,
        description="folder of the built local model; without it a laptop builds one, once",
    )
    embedding_next_provider: EmbeddingProvider | None = Field(
        default=None, description="local, bedrock or openai: whose model collections change to"
    )
    embedding_next_model: str | None = Field(default=None, description="that model's name")
    embedding_next_dimensions: int | None = Field(
        default=None, ge=1, le=4000, description="numbers in one of its vectors"
    )
    embedding_next_model_dir: Path | None = Field(
        default=None, description="folder of a built local model; without it a laptop builds one, once"
    )
    openai_base_url: str = Field(
        default="https://api.openai.com/v1", description="an OpenAI-compatible endpoint"
    )
    openai_api_key: SecretStr | None = Field(
        default=None, description="key of that endpoint; needed when EMBEDDING_PROVIDER=openai"
    )
    openai_secret_arn: str | None = Field(
        default=None, description="ARN of a secret that is that key; used when OPENAI_API_KEY is not set"
    )

    @model_validator(mode="after")
    def _what_providers_need(self) -> "EmbeddingSettings":
        coming = (self.embedding_next_provider, self.embedding_next_model, self.embedding_next_dimensions)
        if any(coming) and not all(coming):
            raise ValueError("set EMBEDDING_NEXT_PROVIDER, _MODEL and _DIMENSIONS together")
        has_key = self.openai_api_key is not None or self.openai_secret_arn is not None
        if EmbeddingProvider.OPENAI in (self.embedding_provider, coming[0]) and not has_key:
            raise ValueError("set OPENAI_API_KEY or OPENAI_SECRET_ARN, as EMBEDDING_PROVIDER is openai")
        return self


type QueueAddress = Annotated[str, StringConstraints(pattern=r"^(in-process:|https?://[^/\s]+/)\S+$")]


class QueueSettings(SettingsGroup):
    embed_queue_url: QueueAddress | None = Field(
        default=None,
        description="SQS queue of chunks_embed, or in-process:<name>; without it the schedule embeds",
    )


class MaintenanceQueueSettings(SettingsGroup):
    maintain_queue_url: QueueAddress | None = Field(
        default=None,
        description="SQS queue of indexes_maintain, where writes and no clock ask for it",
    )


class FetchQueueSettings(SettingsGroup):
    fetch_queue_url: QueueAddress | None = Field(
        default=None, description="SQS queue of sources_fetch; without it sources are not refreshed"
    )


class WriteQueueSettings(QueueSettings, MaintenanceQueueSettings):
    """The queues that hear of documents written."""


type BucketName = Annotated[
    str, StringConstraints(pattern=r"^(folder:/\S.*|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$")
]


class StorageSettings(SettingsGroup):
    import_bucket: BucketName | None = Field(
        default=None, description="S3 bucket of uploads and originals, or folder:/absolute/path"
    )

    @model_validator(mode="after")
    def _somewhere(self) -> "StorageSettings":
        if self.import_bucket is None:
            raise ValueError("set IMPORT_BUCKET to an S3 bucket, or to folder:/absolute/path")
        return self


class DocumentBudgetSettings(SettingsGroup):
    """What workers may embed. Counted in the table of usage, with the vectors."""

    document_tokens_per_day: int | None = Field(
        default=None,
        ge=1,
        description="tokens of documents embedded in a day; the others wait; without it any number",
    )


class RetentionSettings(SettingsGroup):
    """How long it is kept who did what, and what it cost."""

    audit_retention_days: int = Field(
        default=365, ge=1, description="days after which entries of the audit are removed"
    )
    usage_retention_days: int = Field(
        default=400, ge=1, description="days after which it is forgotten what was used on one"
    )


class AccessSettings(ProcessSettings):
    admin_key_hash: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = Field(
        default=None, description="SHA-256, in hex, of the key that may do everything"
    )


type WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+\S*$", max_length=2_000)]
type ClaimName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class IssuerSettings(SettingsGroup):
    jwt_issuer: WebAddress | None = Field(
        default=None, description="who signs the JWTs that are taken as keys, as their `iss` names it"
    )


class JwtSettings(IssuerSettings):
    """How tokens of that issuer are read."""

    jwt_audience: str | None = Field(
        default=None, min_length=1, description="for whom they are, as their `aud` names this API"
    )
    jwt_permissions_claim: ClaimName = Field(
        default="permissions", description="claim that lists permissions, such as `scope`"
    )
    jwt_collections_claim: ClaimName | None = Field(
        default=None, description="claim that lists collections, or beginnings with `*`; without it all"
    )
    jwt_user_claim: ClaimName = Field(default="sub", description="claim that names the user")
    jwt_groups_claim: ClaimName = Field(default="groups", description="claim that lists the user's groups")

    @model_validator(mode="after")
    def _for_somebody(self) -> "JwtSettings":
        if self.jwt_issuer is not None and self.jwt_audience is None:
            raise ValueError("set JWT_AUDIENCE, as JWT_ISSUER is set: its tokens for others are not ours")
        return self


class KeySetSettings(IssuerSettings):
    jwt_jwks_url: WebAddress | None = Field(
        default=None, description="where the issuer's keys are; else its discovery document is asked"
    )


class KeySetQueueSettings(SettingsGroup):
    jwks_queue_url: QueueAddress | None = Field(
        default=None, description="SQS queue of jwks_store; without it no keys are stored"
    )


class KeySettings(SettingsGroup):
    key_hash_secret: Annotated[SecretStr, Field(min_length=32)] | None = Field(
        default=None,
        description="32 characters or more that nobody knows, the same for all functions; without it the"
        " administrator's key is the only one",
    )


class LimitSettings(RedisSettings):
    """Counted in Redis for all processes together, without one in each process for itself."""

    rate_limit_per_second: float | None = Field(
        default=None, gt=0, description="requests a second of one principal; without it any number"
    )
    rate_limit_burst: int | None = Field(
        default=None,
        ge=1,
        description="requests of one principal at once; else twice RATE_LIMIT_PER_SECOND",
    )
    rate_limit_per_address: float | None = Field(
        default=None,
        gt=0,
        description="requests a second from one address, refused sign-ins included; without it any number",
    )


class PublicSettings(AccessSettings):
    """What functions behind HTTP need that answer anybody."""

    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="comma-separated origins that browsers may call from"
    )

    @model_validator(mode="before")
    @classmethod
    def _split_origins(cls, values: dict[str, object]) -> dict[str, object]:
        return with_list(values, "cors_origins")


class HttpSettings(PublicSettings, LimitSettings, JwtSettings, KeySettings):
    """What all others behind HTTP need."""


def with_list(values: dict[str, object], name: str) -> dict[str, object]:
    """`values` with the comma-separated text of that name as a tuple."""
    text = values.get(name)
    if not isinstance(text, str):
        return values
    parts = (part.strip() for part in text.split(","))
    return {**values, name: tuple(part for part in parts if part)}


def runs_on_lambda() -> bool:
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


@functools.cache
def load_environment_file() -> None:
    """Read `.env` into the environment, once; variables already set win. Not on Lambda, which has none."""
    if runs_on_lambda():
        return
    from dotenv import load_dotenv  # noqa: PLC0415 - see above

    load_dotenv(".env")


def load_settings[Group: SettingsGroup](group: type[Group]) -> Group:
    """Read `group` from the environment, or raise a ConfigurationError naming every bad variable."""
    load_environment_file()
    try:
        return group()
    except ValidationError as error:
        raise ConfigurationError(_explain(group, error)) from None


def _explain(group: type[SettingsGroup], error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        if not problem["loc"]:
            lines.append(f"  {problem['msg'].removeprefix('Value error, ')}")
            continue
        name = str(problem["loc"][0])
        wanted = group.model_fields[name].description
        lines.append(f"  {name.upper()}: {problem['msg']}. Set it to: {wanted}")
    return "\n".join(["Settings are missing or malformed (environment or .env):", *lines])
