"""Options of `concord ingest`."""

from typing import Annotated

import typer

from shared.domain.imports import DirtyPolicy

PathsArgument = Annotated[
    list[str], typer.Argument(metavar="PATH…", help="Files, folders of them, or - for NDJSON from stdin.")
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Wait until all are embedded.")]
IncludeOption = Annotated[
    list[str] | None, typer.Option(help="Of folders read only what matches, such as '*.pdf'.")
]
ExcludeOption = Annotated[list[str] | None, typer.Option(help="Of folders do not read what matches.")]
PolicyOption = Annotated[
    DirtyPolicy, typer.Option(help="What happens to items that are no documents as they stand.")
]
IdFieldOption = Annotated[
    str | None, typer.Option(help="The field or column of NDJSON and CSV that has the ids.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Count what would happen, store nothing.")]
