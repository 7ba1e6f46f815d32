"""Fields of a search request, as they are written on the command line."""

import json
from collections.abc import Sequence
from typing import Any

import typer

from shared.cli.evaluation import OWN_FIELDS


def request_fields(assignments: Sequence[str], option: str) -> dict[str, Any]:
    """Read each `field=value`; a value is JSON where it can be read as that, else text.

    Which fields there are is the API's to say. Raises typer.BadParameter, naming `option`, for what is no
    assignment, is given twice, or is a field that the measurement sets itself.
    """
    fields: dict[str, Any] = {}
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        name = name.strip()
        if not separator or not name:
            raise typer.BadParameter(f"{assignment!r} is not FIELD=VALUE.", param_hint=option)
        if name in OWN_FIELDS:
            raise typer.BadParameter(f"{name} is what the measurement sets itself.", param_hint=option)
        if name in fields:
            raise typer.BadParameter(f"{name} is given twice.", param_hint=option)
        fields[name] = _value(text)
    return fields


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
