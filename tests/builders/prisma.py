"""The real Prisma CLI, as `prisma/engineless.mjs` runs it: on machines without its engines too."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

type Prisma = Callable[..., subprocess.CompletedProcess[str]]

PRISMA_FOLDER = Path(__file__).parents[2] / "prisma"
# Stands for the lock file that node_modules was installed from.
STAMP = PRISMA_FOLDER / "node_modules" / ".concord-lock"
INSTALL_SECONDS = 240
COMMAND_SECONDS = 120


class PrismaMissingError(Exception):
    """Why Prisma cannot be run here."""


def install_prisma() -> None:
    """Install Prisma into prisma/node_modules when what is there is not what the lock file says.

    Raises PrismaMissingError when there is no npm or it cannot install.
    """
    with (PRISMA_FOLDER / "package-lock.json").open("rb") as wanted:
        # Of the processes that share a run's tests one installs, and the others wait.
        fcntl.flock(wanted, fcntl.LOCK_EX)
        digest = hashlib.file_digest(wanted, "sha256").hexdigest()
        if not STAMP.exists() or STAMP.read_text() != digest:
            _install()
            STAMP.write_text(digest)


def _install() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise PrismaMissingError("npm is not installed")
    # The install scripts would download the engines, which the tests do without.
    command = [npm, "ci", "--ignore-scripts"]
    done = _run(command, dict(os.environ), seconds=INSTALL_SECONDS)
    if done.returncode:
        raise PrismaMissingError(f"npm could not install Prisma: {done.stderr[-500:]}")


def run_prisma(*arguments: str, database_url: str) -> subprocess.CompletedProcess[str]:
    """Run `prisma ARGUMENTS` in prisma/ with that DATABASE_URL, and return what it wrote."""
    command = ["node", "engineless.mjs", *arguments]
    return _run(command, os.environ | {"DATABASE_URL": database_url}, seconds=COMMAND_SECONDS)


def _run(
    command: list[str], environment: dict[str, str], *, seconds: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=PRISMA_FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
