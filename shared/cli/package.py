"""`concord package`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.cli.options import JsonOption

if TYPE_CHECKING:
    from shared.local.packaging.packages import Package, Packages

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def package(
    functions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FUNCTION]…", help="Names that `concord functions` lists; all without any."),
    ] = None,
    architecture: Annotated[
        str, typer.Option("--architecture", help="arm64 or x86_64: the processor of the functions.")
    ] = "arm64",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to write to.", file_okay=False)
    ] = Path(".build"),
    as_json: JsonOption = False,
) -> None:
    """Make what is deployed: a folder for each function and one for each layer, with sizes and hashes."""
    from shared.cli.console import print_json, say
    from shared.local.packaging.layers import Architecture
    from shared.local.packaging.packages import package as make_packages

    if architecture not in list(Architecture):
        raise typer.BadParameter("it is arm64 or x86_64", param_hint="--architecture")
    packages = make_packages(
        functions or [], architecture=Architecture(architecture), output=output, tell=say
    )
    if as_json:
        print_json({"architecture": architecture, **_as_json(packages)})
    else:
        _print_table(packages)
    for layer in packages.layers:
        if layer.has_changed:
            say(f"The layer {layer.name} has changed: every function that uses it changes with it.")
    changed = [function.name for function in packages.functions if function.has_changed]
    say(f"Changed since the last time: {', '.join(changed) or 'no function'}.")


def _as_json(packages: "Packages") -> dict[str, object]:
    return {
        "functions": [
            {**_described(function), "layers": list(function.layers)} for function in packages.functions
        ],
        "layers": [_described(layer) for layer in packages.layers],
    }


def _described(package: "Package") -> dict[str, object]:
    contents = package.contents
    return {
        "name": package.name,
        "files": contents.files,
        "bytes": contents.bytes,
        "hash": contents.hash,
        "changed": package.has_changed,
    }


def _print_table(packages: "Packages") -> None:
    from rich.table import Table

    from shared.cli.console import output

    table = Table("package", "layers", "files", "bytes", "SHA-256, its first half")
    for made in [*packages.functions, *packages.layers]:
        contents = made.contents
        counts = (f"{contents.files:,}", f"{contents.bytes:,}")
        table.add_row(made.name, ", ".join(made.layers), *counts, contents.hash[:32])
    output().print(table)
