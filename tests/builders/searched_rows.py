"""Documents in a table, and parts of statements asked of them alone."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg

from shared.repositories.bound_sql import BoundSql

COLLECTION = {"collection_id": 1}


class SearchedRows:
    """Documents of a collection, with nothing but what conditions, facets and orders look at."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        connection.execute("INSERT INTO concord.embedding_space (id, model, dimensions) VALUES (1, 'm', 1)")
        connection.execute("INSERT INTO concord.collection (id, name, space_id) VALUES (1, 'rows', 1)")

    def put(self, documents: Mapping[str, Mapping[str, Any]], **columns: Mapping[str, str]) -> None:
        """Replace all documents by these, metadata by id; `columns` are values by column and id."""
        self._connection.execute("DELETE FROM concord.document")
        for number, (name, metadata) in enumerate(documents.items(), start=1):
            values = {
                "collection_id": 1,
                "id": name,
                "number": number,
                "index_number": number,
                "body": "",
                "content_hash": b"",
                "text_hash": b"",
                "metadata": json.dumps(metadata),
                **{column: of_documents[name] for column, of_documents in columns.items()},
            }
            names, marks = ", ".join(values), ", ".join(f"%({value})s" for value in values)
            statement = f"INSERT INTO concord.document ({names}) VALUES ({marks})"
            self._connection.execute(statement.encode(), values)

    def that(self, condition: BoundSql) -> str:
        """The ids for which a condition holds, in order, without anything between them."""
        text = f"SELECT d.id FROM concord.document d WHERE {condition.text} ORDER BY d.number"
        return "".join(row[0] for row in self._ask(text, condition))

    def value(self, expression: BoundSql) -> dict[str, Any]:
        """What an expression is, by id."""
        text = f"SELECT d.id, {expression.text} FROM concord.document d ORDER BY d.number"
        return dict(self._ask(text, expression))

    def ordered(self, order: BoundSql) -> str:
        """The ids in an order; scores fall by number, ties go to the greater number."""
        text = (
            "SELECT d.id FROM concord.document d CROSS JOIN LATERAL (SELECT 1.0 / d.number AS score) h "
            f"ORDER BY {order.text}, d.number DESC"
        )
        return "".join(row[0] for row in self._ask(text, order))

    def counted(self, facets: BoundSql, among: str = "true") -> Any:
        """The facets of the documents of which `among` holds."""
        text = (
            "WITH matched AS MATERIALIZED "
            f"(SELECT d.number, d.index_number FROM concord.document d WHERE {among}) SELECT {facets.text}"
        )
        [(counted,)] = self._ask(text, facets)
        return counted

    def _ask(self, text: str, bound: BoundSql) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.execute(
            text.encode(), {**COLLECTION, **bound.parameters}
        ).fetchall()
        return rows
