from pathlib import Path

from shared.local.packaging.folders import Contents, contents_of, copy_files, put_in_place, settle


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_folder_is_told_by_paths_and_contents(tmp_path: Path) -> None:
    first = contents_of(write(tmp_path / "a", one="1", two="22"))
    assert (first.files, first.bytes) == (2, 3)
    assert contents_of(write(tmp_path / "b", two="22", one="1")) == first
    assert contents_of(write(tmp_path / "c", one="1", three="22")).hash != first.hash
    assert contents_of(write(tmp_path / "d", one="1", two="33")).hash != first.hash


def test_no_folder_holds_nothing(tmp_path: Path) -> None:
    nothing = contents_of(tmp_path / "none")
    assert (nothing.files, nothing.bytes) == (0, 0)


def test_times_and_modes_are_always_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "made", **{"inner/one": "1"})
    (folder / "inner").chmod(0o700)
    (folder / "inner" / "one").chmod(0o777)
    settle(folder)
    paths = [folder, folder / "inner", folder / "inner" / "one"]
    assert {path.stat().st_mtime for path in paths} == {946_771_200}
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o755, 0o755, 0o644]


def test_files_keep_their_place(tmp_path: Path) -> None:
    source = write(tmp_path / "source", **{"inner/one": "1", "two": "2"})
    copy_files(["inner/one"], source, tmp_path / "target")
    assert contents_of(tmp_path / "target") == contents_of(write(tmp_path / "right", **{"inner/one": "1"}))


def test_what_is_the_same_already_stays_untouched(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "target"
    made: Contents = put_in_place(write(tmp_path / "first", one="1"), target)
    there = target.stat().st_ino
    assert put_in_place(write(tmp_path / "second", one="1"), target) == made
    assert target.stat().st_ino == there
    changed = put_in_place(write(tmp_path / "third", one="2"), target)
    assert changed != made
    assert (target / "one").read_text() == "2"
