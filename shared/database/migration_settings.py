"""Settings of what migrates a database: its owner's connection, and the roles that migrations set up."""

from typing import Annotated

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from shared.config import DatabaseSettings, with_list


class MigrationSettings(DatabaseSettings):
    database_migration_url: SecretStr | None = Field(
        default=None,
        description="the owner's connection, for migrations; DATABASE_URL when not set",
    )
    database_role_secret_arns: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="comma-separated ARNs of the secrets whose users and passwords migrations set up",
    )
    database_iam_roles: bool = Field(
        default=False, description="true where migrations let the roles sign in with IAM authentication"
    )

    def _has_an_address(self) -> bool:
        return self.database_migration_url is not None or super()._has_an_address()

    @model_validator(mode="before")
    @classmethod
    def _split_arns(cls, values: dict[str, object]) -> dict[str, object]:
        return with_list(values, "database_role_secret_arns")
