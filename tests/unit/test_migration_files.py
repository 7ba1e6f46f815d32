from pathlib import Path

import pytest

from shared.database.migration_files import MIGRATIONS_FOLDER, Migration, read_migrations
from shared.errors import MigrationError


def test_the_checkouts_migrations_are_found_from_anywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [migration.name for migration in read_migrations(MIGRATIONS_FOLDER)]
    assert names[0] == "20261123000000_foundation"
    assert names == sorted(names)


def test_they_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("10_b", "2_c", "10_a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "migration.sql").write_text(f"-- {name}")
    (tmp_path / "migration_lock.toml").write_text('provider = "postgresql"')
    (tmp_path / ".hidden").mkdir()
    assert read_migrations(tmp_path) == [
        Migration("10_a", b"-- 10_a"),
        Migration("10_b", b"-- 10_b"),
        Migration("2_c", b"-- 2_c"),
    ]


def test_a_folder_without_its_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "1_lost").mkdir()
    with pytest.raises(MigrationError, match="The migration 1_lost has lost its file"):
        read_migrations(tmp_path)


@pytest.mark.parametrize("folder", [".", "nowhere"])
def test_no_migrations_are_an_error(tmp_path: Path, folder: str) -> None:
    with pytest.raises(MigrationError, match="There are no migrations in"):
        read_migrations(tmp_path / folder)


def test_the_checksum_is_sha_256_of_the_file() -> None:
    migration = Migration("1_first", b"hello")
    expected = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert migration.checksum == expected
    assert migration.has_checksum(expected)
    assert not migration.has_checksum(expected.upper())


@pytest.mark.parametrize("here", [b"a\nb\n", b"a\r\nb\r\n"])
@pytest.mark.parametrize("there", [b"a\nb\n", b"a\r\nb\r\n"])
def test_line_endings_do_not_change_a_migration(here: bytes, there: bytes) -> None:
    assert Migration("1", here).has_checksum(Migration("1", there).checksum)
    assert not Migration("1", here).has_checksum(Migration("1", there + b"c").checksum)
