"""Bring the database's schema up to date."""

from shared.database.migrations import MigrationReport, apply_migrations


async def migrate_database(url: str) -> MigrationReport:
    """Raises MigrationError, DatabaseUnavailable."""
    return await apply_migrations(url)
