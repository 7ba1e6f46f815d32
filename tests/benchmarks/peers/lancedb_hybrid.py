"""LanceDB: passages with a full-text index and a vector index, its own fusion by reciprocal ranks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lancedb
import pyarrow as pa
from lancedb.index import FTS, HnswSq
from lancedb.rerankers import RRFReranker

from tests.benchmarks.peers.peer import PASSAGES_FOR_K, first_of_each
from tests.benchmarks.search_data import Query, SearchData

_BATCH = 20_000
# An index is trained on at least so many rows; below, LanceDB's guide scans.
_WORTH_AN_INDEX = 5_000


class LanceDb:
    name = "LanceDB"
    modes = ("hybrid", "keyword", "semantic")

    index = f"{lancedb.__version__}; FTS (stems, stop words), IVF_HNSW_SQ by default settings, RRF"

    def load(self, data: SearchData, folder: Path) -> None:
        schema = pa.schema(
            [("document", pa.string()), ("text", pa.string()), ("vector", pa.list_(pa.float32(), 384))]
        )
        database = lancedb.connect(str(folder))
        self._table: Any = database.create_table("passages", _batches(data, schema), schema=schema)
        if self._table.count_rows() >= _WORTH_AN_INDEX:
            self._table.create_index("vector", config=HnswSq(distance_type="dot"))
        self._table.create_index("text", config=FTS())
        self._table.optimize()
        self._fusion = RRFReranker()

    def search(self, mode: str, query: Query) -> list[str]:
        if mode == "hybrid":
            search = self._table.search(query_type="hybrid").vector(query.vector).text(query.text)
            search = search.distance_type("dot").rerank(self._fusion)
        elif mode == "keyword":
            search = self._table.search(query.text, query_type="fts")
        else:
            search = self._table.search(query.vector, query_type="vector").distance_type("dot")
        found = search.select(["document"]).limit(PASSAGES_FOR_K).to_arrow()
        return first_of_each(found["document"].to_pylist())

    def close(self) -> None:
        del self._table


def _batches(data: SearchData, schema: Any) -> Iterator[Any]:
    rows: list[dict[str, Any]] = []
    for document, text, vector in data.passages():
        rows.append({"document": document, "text": text, "vector": vector})
        if len(rows) == _BATCH:
            yield pa.RecordBatch.from_pylist(rows, schema=schema)
            rows = []
    yield pa.RecordBatch.from_pylist(rows, schema=schema)
