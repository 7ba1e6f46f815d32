import io
import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from prisma.row_generator import Column, Enumeration, Schema, Table, read_schema, render, serve

SOURCE = """
enum Mood {
  happy
  sad @map("very-sad")
}

model Odd {
  id       Int    @id
  shape    Unsupported("halfvec(3)")?
  boxes    Unsupported("box")[] @map("box_list")
  friends  Odd[]
  amount   Decimal @map("amount_paid")
}

model OddSize {
  id Int @id
}
"""


def field(name: str, kind: str = "scalar", **changes: Any) -> dict[str, Any]:
    plain = {"type": "Int", "isList": False, "isRequired": True, "nativeType": None}
    return {"name": name, "kind": kind} | plain | changes


def datamodel(*fields: dict[str, Any]) -> dict[str, Any]:
    values = [{"name": "happy", "dbName": None}, {"name": "sad", "dbName": "very-sad"}]
    return {
        "enums": [{"name": "Mood", "values": values}],
        "models": [{"name": "Odd", "fields": list(fields), "documentation": "What is odd."}],
    }


def executed(text: str) -> dict[str, Any]:
    module: dict[str, Any] = {"__name__": "rows"}
    exec(compile(text, "rows.py", "exec"), module)
    return module


def test_columns_come_in_the_schemas_order_with_those_that_prisma_does_not_know() -> None:
    model = datamodel(
        field("id"),
        field("friends", kind="object", type="Odd", isList=True),
        field("amount", type="Decimal", dbName="amount_paid"),
    )
    schema = read_schema(model, SOURCE)
    assert schema.enumerations == (Enumeration("Mood", (("HAPPY", "happy"), ("SAD", "very-sad"))),)
    assert schema.tables == (
        Table(
            "Odd",
            (
                Column("id", "int"),
                Column("shape", "str", is_optional=True),
                Column("box_list", "str", is_list=True),
                Column("amount_paid", "Decimal"),
            ),
            "What is odd.",
        ),
    )


@pytest.mark.parametrize(
    ("type_", "native", "expected"),
    [
        ("String", None, "str"),
        ("String", ["Uuid", []], "UUID"),
        ("Boolean", None, "bool"),
        ("Int", ["SmallInt", []], "int"),
        ("BigInt", None, "int"),
        ("Float", None, "float"),
        ("Decimal", None, "Decimal"),
        ("DateTime", ["Timestamptz", ["6"]], "datetime"),
        ("DateTime", ["Date", []], "date"),
        ("DateTime", ["Time", ["6"]], "time"),
        ("Json", None, "Json"),
        ("Bytes", None, "bytes"),
    ],
)
def test_every_scalar_has_the_type_that_psycopg_loads(
    type_: str, native: list[Any] | None, expected: str
) -> None:
    schema = read_schema(datamodel(field("id", type=type_, nativeType=native)), SOURCE)
    column = schema.tables[0].columns[0]
    assert column == Column("id", expected)
    row = executed(render(schema))["OddRow"]
    assert row.__annotations__["id"].__name__ == expected


@pytest.mark.parametrize(
    ("changes", "annotation"),
    [
        ({}, "int"),
        ({"is_optional": True}, "int | None"),
        ({"is_list": True}, "list[int]"),
        ({"is_list": True, "is_optional": True}, "list[int] | None"),
    ],
)
def test_lists_and_optional_columns_say_so(changes: dict[str, bool], annotation: str) -> None:
    assert Column("id", "int", **changes).annotation == annotation


@pytest.mark.parametrize("name", ["class", "9th"])
def test_a_name_that_python_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} cannot be a field"):
        read_schema(datamodel(field("id", dbName=name)), SOURCE)


def test_only_what_is_used_is_imported() -> None:
    text = render(Schema((), (Table("Odd", (Column("id", "int"),)),)))
    assert re.findall("^from .*", text, re.MULTILINE) == ["from typing import NamedTuple"]
    assert "Json" not in text


def test_rows_turn_the_text_of_enums_into_their_members() -> None:
    columns = (
        Column("now", "Mood", is_enum=True),
        Column("before", "Mood", is_enum=True, is_optional=True),
        Column("all", "Mood", is_enum=True, is_list=True),
    )
    mood = Enumeration("Mood", (("HAPPY", "happy"), ("SAD", "very-sad")))
    module = executed(render(Schema((mood,), (Table("Odd", columns),))))
    happy, sad = module["Mood"]
    row = module["OddRow"](now="happy", before="very-sad", all=["happy", "very-sad"])
    assert (row.now, row.before, row.all) == (happy, sad, [happy, sad])
    assert module["OddRow"](now="happy", before=None, all=[]).before is None
    with pytest.raises(ValueError, match="furious"):
        module["OddRow"](now="furious", before=None, all=[])


@pytest.mark.parametrize("columns", [(), (Column("mood", "Mood", is_enum=True, is_optional=True),)])
def test_rows_are_frozen_and_slotted(columns: tuple[Column, ...]) -> None:
    mood = Enumeration("Mood", (("HAPPY", "happy"),))
    table = Table("Odd", (Column("id", "int"), *columns))
    rest = {column.name: None for column in columns}
    row = executed(render(Schema((mood,), (table,))))["OddRow"](id=1, **rest)
    assert not hasattr(row, "__dict__")
    with pytest.raises(AttributeError):
        row.id = 2


def test_long_documentation_is_wrapped() -> None:
    table = Table("Odd", (Column("id", "int"),), "word " * 60)
    text = render(Schema((), (table,)))
    assert max(map(len, text.splitlines())) <= 100
    assert executed(text)["OddRow"].__doc__.split() == ["word"] * 60


def request(method: str, **params: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}) + "\n"


def answers(*requests: str) -> list[dict[str, Any]]:
    written = io.StringIO()
    serve(io.StringIO("".join(requests)), written)
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_it_speaks_prismas_protocol(tmp_path: Path) -> None:
    output = tmp_path / "rows.py"
    generate = request(
        "generate",
        generator={"output": {"value": str(output)}},
        dmmf={"datamodel": datamodel(field("id"))},
        datamodel=SOURCE,
    )
    manifest, generated = answers(request("getManifest"), "\n", generate)
    assert manifest["result"]["manifest"]["prettyName"] == "Python rows"
    assert generated == {"jsonrpc": "2.0", "id": 7, "result": None}
    assert "class OddRow(NamedTuple):" in output.read_text()


def test_it_is_started_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(request("getManifest")))
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.delitem(sys.modules, "prisma.row_generator")
    runpy.run_module("prisma.row_generator", run_name="__main__")
    assert json.loads(written.getvalue())["id"] == 7


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (request("sing"), "ValueError: sing is not a request"),
        (request("generate"), "KeyError: 'dmmf'"),
    ],
)
def test_what_goes_wrong_is_answered(line: str, message: str) -> None:
    (answer,) = answers(line)
    assert answer["error"]["message"].startswith(message)
    assert answer["id"] == 7
