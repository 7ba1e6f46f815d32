"""The migrations that Prisma Migrate writes: folders with one `migration.sql` each."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from shared.errors import MigrationError

# Beside the code's root, both in a checkout and in a function's package.
MIGRATIONS_FOLDER = Path(__file__).parents[2] / "prisma" / "migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration's name (its folder's) and the bytes of its script, UTF-8."""

    name: str
    script: bytes

    @property
    def checksum(self) -> str:
        return _hash(self.script)

    @property
    def unix_checksum(self) -> str:
        """The checksum that is the same whatever git made of the line endings."""
        return _hash(self._unix_script)

    def has_checksum(self, checksum: str) -> bool:
        """Whether `checksum` is this script's, whatever git made of its line endings."""
        windows = self._unix_script.replace(b"\n", b"\r\n")
        return checksum in {self.checksum, self.unix_checksum, _hash(windows)}

    @property
    def _unix_script(self) -> bytes:
        return self.script.replace(b"\r\n", b"\n")


def _hash(script: bytes) -> str:
    return hashlib.sha256(script).hexdigest()


def read_migrations(folder: Path) -> list[Migration]:
    """The migrations in the order they are applied in, which is that of their names.

    Raises MigrationError when there are none or a folder has lost its script.
    """
    names = sorted(entry.name for entry in folder.glob("*/") if not entry.name.startswith("."))
    if not names:
        raise MigrationError(f"There are no migrations in {folder}.")
    migrations = []
    for name in names:
        path = folder / name / "migration.sql"
        try:
            migrations.append(Migration(name, path.read_bytes()))
        except FileNotFoundError:
            raise MigrationError(f"The migration {name} has lost its file: {path}.") from None
    return migrations


def migrations_hash(folder: Path) -> str:
    """SHA-256, in hex, over names and checksums: another one when a migration is added or changed.

    Raises MigrationError as `read_migrations` does.
    """
    lines = [f"{migration.name} {migration.unix_checksum}\n" for migration in read_migrations(folder)]
    return _hash("".join(lines).encode())
