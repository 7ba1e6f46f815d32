"""A disk of a few megabytes that can really be full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.builders.skipping import skip_but_not_on_ci

_BLOCK = bytes(65_536)


class SmallDisk:
    """`folder` lies on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, *, but_bytes: int = 0) -> None:
        """Leave no more than so many bytes."""
        with self._filler.open("ab", buffering=0) as file:
            for block in (_BLOCK, bytes(1)):
                while True:
                    try:
                        file.write(block)
                    except OSError:
                        break
            file.truncate(file.tell() - but_bytes)

    def make_room(self) -> None:
        self._filler.unlink()


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """Mounted at `folder`, which needs an administrator: for others the test is skipped, but not on CI."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=0777"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        skip_but_not_on_ci("nobody but root may mount a small disk")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
