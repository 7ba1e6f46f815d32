"""Options that several commands share."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CollectionOption = Annotated[
    str, typer.Option("--collection", "-c", metavar="C", help="The collection's name.")
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="CONCORD_URL",
        help="A deployed Concord; CONCORD_API_KEY is its key. Without it, this laptop's.",
    ),
]
HostOption = Annotated[str, typer.Option("--host", help="The address to listen on.")]
PortOption = Annotated[
    int, typer.Option("--port", "-p", min=0, max=65535, help="The port to listen on; 0 takes a free one.")
]
