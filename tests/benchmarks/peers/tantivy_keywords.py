"""tantivy, a search engine's library in Rust: words alone, the ceiling of an inverted index."""

from pathlib import Path
from typing import Any

import tantivy

from tests.benchmarks.peers.peer import K
from tests.benchmarks.search_data import Query, SearchData


class Tantivy:
    name = "tantivy"
    modes = ("keyword",)
    index = f"{tantivy.__version__}; en_stem over title and body, any word, BM25"

    def load(self, data: SearchData, folder: Path) -> None:
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("id", stored=True, tokenizer_name="raw")
        schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
        self._index: Any = tantivy.Index(schema.build(), path=str(folder))
        writer = self._index.writer(heap_size=500_000_000)
        for document in data.documents:
            writer.add_document(tantivy.Document(id=document.id, text=f"{document.title}\n{document.body}"))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher: Any = self._index.searcher()

    def search(self, mode: str, query: Query) -> list[str]:  # noqa: ARG002 - it has one mode
        # What has a meaning in its grammar is no word of a claim's.
        words = "".join(c if c.isalnum() else " " for c in query.text).lower()
        parsed = self._index.parse_query(words, ["text"])
        hits = self._searcher.search(parsed, K, count=False).hits
        return [self._searcher.doc(address)["id"][0] for _, address in hits]

    def close(self) -> None:
        del self._searcher, self._index
