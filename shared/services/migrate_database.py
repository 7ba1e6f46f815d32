"""Bring the database's schema up to date, and let the functions' roles sign in."""

import asyncio
from dataclasses import dataclass

from shared.aws.secrets import forget_secrets
from shared.database.addresses import migration_url
from shared.database.logins import Login, read_login
from shared.database.migration_files import MIGRATIONS_FOLDER, migrations_hash
from shared.database.migration_settings import MigrationSettings
from shared.database.migrations import apply_migrations
from shared.database.roles import refuse_impossible_logins, set_up_roles
from shared.errors import MigrationError


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """Names of migrations: applied just now, applied before, and in the database without a file here; of the
    roles that may sign in; and the hash of the migrations at hand.
    """

    applied: tuple[str, ...]
    already_applied: tuple[str, ...]
    missing: tuple[str, ...]
    roles: tuple[str, ...]
    hash: str


async def migrate_database(
    settings: MigrationSettings, *, expected_hash: str | None = None
) -> DatabaseReport:
    """Apply the migrations that are missing, then set up the roles.

    Does nothing when `expected_hash` is not that of the migrations at hand. Raises MigrationError,
    DatabaseUnavailable, ConfigurationError.
    """
    packaged = migrations_hash(MIGRATIONS_FOLDER)
    if expected_hash not in (None, packaged):
        raise MigrationError(
            f"Template and package are not of one build: the template is for migrations with the hash"
            f" {expected_hash}, the package's have {packaged}. Package again and deploy both."
        )
    url, logins = await asyncio.to_thread(_read_access, settings)
    report = await apply_migrations(url, patience_seconds=settings.database_resume_seconds)
    roles = await set_up_roles(url, logins, with_iam=settings.database_iam_roles)
    return DatabaseReport(report.applied, report.already_applied, report.missing, roles, packaged)


def _read_access(settings: MigrationSettings) -> tuple[str, list[Login]]:
    """The owner's address and the roles' logins. Blocks, as it may ask Secrets Manager."""
    setting, arns = "DATABASE_ROLE_SECRET_ARNS", settings.database_role_secret_arns
    # What this process has read for an earlier deployment may have been rotated since.
    forget_secrets()
    logins = [read_login(arn, setting=setting) for arn in arns]
    refuse_impossible_logins(logins, with_iam=settings.database_iam_roles)
    return migration_url(settings), logins
