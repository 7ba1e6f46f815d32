"""A Prisma generator that writes the schema's tables as typed Python rows.

Prisma starts it on `prisma generate`, sends one JSON-RPC request per line on stdin and reads one
answer per line from stderr. Only the standard library is used.
"""

import json
import keyword
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

MANIFEST = {"prettyName": "Python rows", "defaultOutput": "../shared/database/rows.py"}
INTERNAL_ERROR = -32603

SCALARS = {
    "String": "str",
    "Boolean": "bool",
    "Int": "int",
    "BigInt": "int",
    "Float": "float",
    "Decimal": "Decimal",
    "DateTime": "datetime",
    "Json": "Json",
    "Bytes": "bytes",
}
# Native types that psycopg loads as something else than Prisma's scalar says.
NATIVE_SCALARS = {"Date": "date", "Time": "time", "Timetz": "time", "Uuid": "UUID"}
IMPORTS = (
    ("datetime", ("date", "datetime", "time")),
    ("decimal", ("Decimal",)),
    ("uuid", ("UUID",)),
)
HEADER = '"""Rows of the tables, written by prisma/row_generator.py: do not edit."""\n'
JSON_TYPE = 'type Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None\n'
DOCSTRING_WIDTH = 92


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a row: the name of the column and the Python type that psycopg loads it as."""

    name: str
    type: str
    is_list: bool = False
    is_optional: bool = False
    is_enum: bool = False

    @property
    def annotation(self) -> str:
        inner = f"list[{self.type}]" if self.is_list else self.type
        return f"{inner} | None" if self.is_optional else inner


@dataclass(frozen=True, slots=True)
class Table:
    """A model of the schema and its columns, in the schema's order."""

    name: str
    columns: tuple[Column, ...]
    documentation: str = ""

    @property
    def has_enums(self) -> bool:
        return any(column.is_enum for column in self.columns)


@dataclass(frozen=True, slots=True)
class Enumeration:
    """An enum of the schema: pairs of its name in Python and its value in the database."""

    name: str
    members: tuple[tuple[str, str], ...]
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    enumerations: tuple[Enumeration, ...]
    tables: tuple[Table, ...]


def read_schema(datamodel: Mapping[str, Any], source: str) -> Schema:
    """Read Prisma's data model; `source` is the schema's text, for columns the model leaves out.

    Raises ValueError when a column cannot be a Python field.
    """
    return Schema(
        tuple(_read_enumeration(enumeration) for enumeration in datamodel["enums"]),
        tuple(_read_table(model, source) for model in datamodel["models"]),
    )


def _read_enumeration(enumeration: Mapping[str, Any]) -> Enumeration:
    members = tuple(
        (_python_name(value["name"].upper()), value.get("dbName") or value["name"])
        for value in enumeration["values"]
    )
    return Enumeration(enumeration["name"], members, enumeration.get("documentation") or "")


def _read_table(model: Mapping[str, Any], source: str) -> Table:
    columns = {field["name"]: _read_column(field) for field in model["fields"] if field["kind"] != "object"}
    fields = list(_fields_in_source(model["name"], source))
    columns.update(_unsupported_columns(fields))
    order = {name: position for position, (name, _) in enumerate(fields)}
    in_order = sorted(columns, key=lambda name: order[name])
    return Table(
        model["name"],
        tuple(columns[name] for name in in_order),
        model.get("documentation") or "",
    )


def _read_column(field: Mapping[str, Any]) -> Column:
    is_enum = field["kind"] == "enum"
    native = (field.get("nativeType") or [""])[0]
    scalar = field["type"] if is_enum else NATIVE_SCALARS.get(native) or SCALARS[field["type"]]
    return Column(
        name=_python_name(field.get("dbName") or field["name"]),
        type=scalar,
        is_list=field["isList"],
        is_optional=not field["isRequired"],
        is_enum=is_enum,
    )


def _fields_in_source(model: str, source: str) -> Iterator[tuple[str, str]]:
    """The name of each field of a model and what follows it on its line."""
    body = re.search(rf"^\s*model\s+{model}\s*\{{(.*?)^\s*\}}", source, re.MULTILINE | re.DOTALL)
    for line in body[1].splitlines() if body else ():
        if field := re.match(r"\s*([A-Za-z]\w*)\s+(\S.*)", line):
            yield field[1], field[2]


def _unsupported_columns(fields: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Column]]:
    """Columns of types that Prisma does not know, which psycopg loads as their text."""
    for name, rest in fields:
        if unsupported := re.match(r'Unsupported\(".*?"\)(\[\])?(\?)?', rest):
            mapped = re.search(r'@map\("(.*?)"\)', rest)
            column = Column(_python_name(mapped[1] if mapped else name), "str")
            yield (
                name,
                replace(column, is_list=bool(unsupported[1]), is_optional=bool(unsupported[2])),
            )


def _python_name(name: str) -> str:
    python = name.replace("-", "_")
    if not python.isidentifier() or keyword.iskeyword(python):
        raise ValueError(f"{name} cannot be a field of a Python class: rename it in the schema.")
    return python


def render(schema: Schema) -> str:
    """The module's text, as `ruff format` leaves it."""
    types = {column.type for table in schema.tables for column in table.columns}
    blocks = [_render_enumeration(enumeration) for enumeration in schema.enumerations]
    blocks += [_render_table(table) for table in schema.tables]
    preamble = [HEADER, "\n".join(_render_imports(types, schema))]
    if "Json" in types:
        preamble.append(JSON_TYPE)
    return "\n\n".join(["\n".join(preamble), *blocks])


def _render_imports(types: set[str], schema: Schema) -> Iterator[str]:
    wanted = [(module, [name for name in names if name in types]) for module, names in IMPORTS]
    if schema.enumerations:
        wanted.append(("enum", ["StrEnum"]))
    if any(table.has_enums for table in schema.tables):
        wanted.append(("dataclasses", ["dataclass"]))
    if not all(table.has_enums for table in schema.tables):
        wanted.append(("typing", ["NamedTuple"]))
    for module, names in sorted(wanted):
        if names:
            yield f"from {module} import {', '.join(names)}"
    yield ""


def _render_enumeration(enumeration: Enumeration) -> str:
    lines = [f"class {enumeration.name}(StrEnum):"]
    lines += _render_docstring(enumeration.documentation)
    lines += [f"    {name} = {json.dumps(value)}" for name, value in enumeration.members]
    return "\n".join(lines) + "\n"


def _render_table(table: Table) -> str:
    """A named tuple, which takes a tenth of a dataclass's time to define; it cannot convert enums."""
    lines = [f"class {table.name}Row(NamedTuple):"]
    if table.has_enums:
        lines = ["@dataclass(frozen=True, slots=True)", f"class {table.name}Row:"]
    lines += _render_docstring(table.documentation)
    lines += [f"    {column.name}: {column.annotation}" for column in table.columns]
    enums = [column for column in table.columns if column.is_enum]
    if enums:
        lines += ["", "    def __post_init__(self) -> None:"]
    for column in enums:
        lines += _render_conversion(column)
    return "\n".join(lines) + "\n"


def _render_conversion(column: Column) -> Iterator[str]:
    """An enum arrives as its text; the row is frozen, so it is set past the guard."""
    value = f"self.{column.name}"
    converted = f"{column.type}({value})"
    if column.is_list:
        converted = f"[{column.type}(value) for value in {value}]"
    indent = " " * 8
    if column.is_optional:
        yield f"{indent}if {value} is not None:"
        indent += " " * 4
    yield f'{indent}object.__setattr__(self, "{column.name}", {converted})'


def _render_docstring(documentation: str) -> list[str]:
    if not documentation:
        return []
    text = textwrap.wrap(" ".join(documentation.split()), DOCSTRING_WIDTH - 6)
    if len(text) == 1:
        return [f'    """{text[0]}"""', ""]
    return [f'    """{text[0]}', *(f"    {line}" for line in text[1:]), '    """', ""]


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Do what Prisma asks and return the JSON-RPC response."""
    response = {"jsonrpc": "2.0", "id": request["id"]}
    try:
        return response | {"result": _perform(request["method"], request.get("params") or {})}
    except (KeyError, OSError, ValueError) as error:
        message = f"{type(error).__name__}: {error}"
        failure = {"code": INTERNAL_ERROR, "message": message, "data": {"stack": message}}
        return response | {"error": failure}


def _perform(method: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    if method == "getManifest":
        return {"manifest": MANIFEST}
    if method == "generate":
        schema = read_schema(params["dmmf"]["datamodel"], params["datamodel"])
        output = Path(params["generator"]["output"]["value"])
        output.write_text(render(schema), encoding="utf-8", newline="\n")
        return None
    raise ValueError(f"{method} is not a request that this generator knows.")


def serve(requests: TextIO, answers: TextIO) -> None:
    for line in requests:
        if line.strip():
            print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.stdin, sys.stderr)
