"""The command itself: fast to ask, and clean when it is interrupted."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from shared.cli.application import ConcordGroup

HEAVY = (
    "fastapi",
    "httpx",
    "numpy",
    "onnxruntime",
    "psycopg",
    "uvicorn",
    "yaml",
    "shared.local",
    "shared.http",
)


def test_help_loads_nothing_that_only_a_command_needs() -> None:
    program = (
        "import sys; from shared.cli.application import app\n"
        "try: app(['--help'])\n"
        f"except SystemExit: print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Search over your own documents" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("ending", [KeyboardInterrupt])
def test_an_interrupted_command_says_so(ending: type[BaseException]) -> None:
    app = typer.Typer(cls=ConcordGroup)

    @app.callback()
    def group() -> None: ...

    @app.command()
    def work() -> None:
        raise ending

    outcome = CliRunner().invoke(app, ["work"])
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (1, "", "Interrupted.\n")
