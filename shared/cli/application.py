"""The command `concord`."""

import signal
from typing import Any

import typer
from typer.core import TyperGroup

from shared.cli import (
    alias,
    audit,
    demo,
    deploy,
    doctor,
    embeddings,
    evaluate,
    export,
    functions,
    import_bundle,
    index,
    ingest,
    invoke,
    keys,
    migrate,
    openapi,
    package,
    redrive,
    search,
    sources,
    suggest,
    up,
)
from shared.cli.console import say, say_error
from shared.cli.exit_codes import ExitCode
from shared.config import ConfigurationError, load_environment_file
from shared.errors import ConcordError


class ConcordGroup(TyperGroup):
    """Says expected errors in one line instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ConcordError, ConfigurationError) as error:
            say_error(error)
        except KeyboardInterrupt:
            say("Interrupted.")
        raise typer.Exit(ExitCode.FAILED)


app = typer.Typer(
    name="concord",
    cls=ConcordGroup,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Search over your own documents: functions over the Postgres you already have.",
)


@app.callback()
def read_environment_file() -> None:
    load_environment_file()


app.command()(demo.demo)
app.command()(up.up)
app.command()(ingest.ingest)
app.command()(search.search)
app.command()(suggest.suggest)
app.add_typer(sources.sources, name="sources")
app.add_typer(alias.alias, name="alias")
app.add_typer(keys.keys, name="keys")
app.add_typer(audit.audit, name="audit")
app.command()(invoke.invoke)
app.command()(functions.functions)
app.command()(migrate.migrate)
app.command()(index.index)
app.command()(doctor.doctor)
app.add_typer(embeddings.embeddings, name="embeddings")
app.command("eval")(evaluate.evaluate)
app.command()(export.export)
app.command("import")(import_bundle.import_bundle)
app.command()(openapi.openapi)
app.command()(redrive.redrive)
app.command()(package.package)
app.command()(deploy.deploy)


def main() -> None:
    """The console script. SIGTERM and a closed terminal end a command as Ctrl-C does: cleanly."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    app()
