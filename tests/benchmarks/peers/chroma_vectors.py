"""Chroma, embedded and on disk: HNSW over passages, meaning alone."""

from itertools import batched
from pathlib import Path
from typing import Any

import chromadb
from chromadb.config import Settings

from tests.benchmarks.peers.peer import PASSAGES_FOR_K, first_of_each
from tests.benchmarks.search_data import Query, SearchData


class Chroma:
    name = "Chroma"
    modes = ("semantic",)
    index = f"{chromadb.__version__}; HNSW by default settings (ef_search 100), inner product"

    def load(self, data: SearchData, folder: Path) -> None:
        client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
        self._collection: Any = client.create_collection(
            "passages", configuration={"hnsw": {"space": "ip"}}, embedding_function=None
        )
        numbered = enumerate(data.passages())
        for batch in batched(numbered, client.get_max_batch_size()):
            self._collection.add(
                ids=[str(number) for number, _ in batch],
                embeddings=[vector for _, (_, _, vector) in batch],
                metadatas=[{"document": document} for _, (document, _, _) in batch],
            )

    def search(self, mode: str, query: Query) -> list[str]:  # noqa: ARG002 - it has one mode
        found = self._collection.query(
            query_embeddings=[query.vector], n_results=PASSAGES_FOR_K, include=["metadatas"]
        )
        return first_of_each(row["document"] for row in found["metadatas"][0])

    def close(self) -> None:
        del self._collection
