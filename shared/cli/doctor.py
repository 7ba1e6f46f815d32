"""`concord doctor`."""

import typer

from shared.cli.exit_codes import ExitCode
from shared.cli.options import JsonOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def doctor(as_json: JsonOption = False) -> None:
    """Check the settings, the database and its indexes, Redis and the embedder.

    The exit code is 1 when something is wrong.
    """
    from shared.cli.console import output, print_json
    from shared.cli.examination import examine

    checks = examine()
    if as_json:
        print_json({"ok": all(check.ok for check in checks), "checks": [check.as_json() for check in checks]})
    else:
        for check in checks:
            mark = "[green]ok[/]   " if check.ok else "[bold red]wrong[/]"
            output().print(mark, f"[bold]{check.name}[/]", end="  ", soft_wrap=True)
            output().print(check.finding, markup=False, soft_wrap=True)
    if not all(check.ok for check in checks):
        raise typer.Exit(ExitCode.FAILED)
