"""`concord deploy`."""

from pathlib import Path
from typing import Annotated

import typer

from shared.cli.options import JsonOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def deploy(
    function: Annotated[
        str, typer.Argument(metavar="FUNCTION", help="A name that `concord functions` lists.")
    ],
    stack: Annotated[str, typer.Option("--stack", help="The CloudFormation stack that has it.")],
    to_version: Annotated[
        str | None,
        typer.Option("--to-version", help="Lead traffic to a version published before; upload nothing."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder of the packages.", file_okay=False)
    ] = Path(".build"),
    as_json: JsonOption = False,
) -> None:
    """Deploy one function's own code: package, upload, publish a version, lead the alias `live` to it.

    For a change in a hurry: all traffic moves at once. Lead it back with --to-version before the stack is
    deployed again, which expects the version that it made. AWS credentials and region are the shell's.
    """
    from dataclasses import asdict

    from shared.cli.console import output as standard_output
    from shared.cli.console import print_json, say
    from shared.local.deployment import deploy_function, lead_back

    if to_version is None:
        deployed = deploy_function(function, stack=stack, output=output, tell=say)
    else:
        deployed = lead_back(function, stack=stack, version=to_version)
    if as_json:
        print_json(asdict(deployed))
        return
    standard_output().print(f"{deployed.function}: version {deployed.version}", soft_wrap=True)
    if deployed.previous_version != deployed.version:
        back = f"concord deploy {function} --stack {stack} --to-version {deployed.previous_version}"
        say(f"Back again, and before the stack is deployed: {back}")
