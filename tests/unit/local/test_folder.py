import tempfile
from pathlib import Path

import pytest

from shared.local.folder import laptop_folder, socket_folder


def test_the_folder_is_made_once_and_ignored_by_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = laptop_folder()
    assert folder == tmp_path / ".concord"
    assert (folder / ".gitignore").read_text() == "*\n"
    (folder / ".gitignore").write_text("mine\n")
    assert laptop_folder() == folder
    assert (folder / ".gitignore").read_text() == "mine\n"


def test_sockets_lie_in_the_folder_where_its_name_is_short() -> None:
    assert socket_folder(Path("/a")) == Path("/a")


def test_a_long_name_gets_a_short_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    one, other = socket_folder(Path("/" + "a" * 90)), socket_folder(Path("/" + "b" * 90))
    assert one != other
    assert one == socket_folder(Path("/" + "a" * 90))
    assert one.parent == tmp_path
    assert one.stat().st_mode & 0o777 == 0o700
