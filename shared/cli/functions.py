"""`concord functions`."""

from shared.cli.options import JsonOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def functions(as_json: JsonOption = False) -> None:
    """List the functions: what triggers each, its routes, memory and timeout."""
    from rich.table import Table

    from shared.cli.console import output, print_json
    from shared.local.function_list import list_functions

    listed = list_functions()
    if as_json:
        print_json(
            [
                {
                    "name": function.name,
                    "trigger": function.trigger,
                    "routes": [f"{route.method} {route.path}" for route in function.routes],
                    "schedules": [int(schedule.every.total_seconds()) for schedule in function.schedules],
                    "memory_mb": function.memory,
                    "timeout_seconds": function.timeout,
                }
                for function in listed
            ]
        )
        return
    table = Table("function", "trigger", "route", "memory", "timeout")
    for function in listed:
        lines = [f"{route.method} {route.path}" for route in function.routes]
        lines += [f"every {schedule.every}" for schedule in function.schedules]
        sizes = (f"{function.memory} MB", f"{function.timeout} s")
        table.add_row(function.name, function.trigger, "\n".join(lines), *sizes)
    output().print(table)
