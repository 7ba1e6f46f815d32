from dataclasses import asdict
from typing import Any

from functions.database_migrate.settings import Settings
from shared.events.custom_resource import CustomResourceFunction, Properties, text_property
from shared.services.migrate_database import migrate_database


async def database_migrate(settings: Settings, properties: Properties) -> dict[str, Any]:
    """Apply the migrations that are missing and let the functions' roles sign in."""
    expected = text_property(properties, "MigrationsHash")
    return asdict(await migrate_database(settings, expected_hash=expected))


def attributes(report: dict[str, Any]) -> dict[str, str]:
    """The report as CloudFormation shows it: what was applied by name, what had been before by number."""
    return {
        "applied": ", ".join(report["applied"]),
        "already_applied": str(len(report["already_applied"])),
        "hash": report["hash"],
        "roles": ", ".join(report["roles"]),
    }


handler = CustomResourceFunction(
    database_migrate, Settings, physical_id="concord-database", attributes=attributes
)
