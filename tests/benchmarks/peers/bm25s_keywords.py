"""bm25s: BM25 worked out beforehand for every word of every document, in memory, with PyStemmer's stems."""

from pathlib import Path

import bm25s
import Stemmer

from tests.benchmarks.peers.peer import K
from tests.benchmarks.search_data import Query, SearchData


class Bm25s:
    name = "bm25s"
    modes = ("keyword",)
    index = f"{bm25s.__version__}; lucene, k1 1.2, b 0.75, English stems and stop words"

    def load(self, data: SearchData, folder: Path) -> None:  # noqa: ARG002 - it is in memory
        self._ids = [document.id for document in data.documents]
        self._stemmer = Stemmer.Stemmer("english")
        self._retriever = bm25s.BM25(k1=1.2, b=0.75)
        texts = [f"{document.title}\n{document.body}" for document in data.documents]
        tokens = bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, show_progress=False)
        self._retriever.index(tokens, show_progress=False)

    def search(self, mode: str, query: Query) -> list[str]:  # noqa: ARG002 - it has one mode
        tokens = bm25s.tokenize([query.text], stopwords="en", stemmer=self._stemmer, show_progress=False)
        k = min(K, len(self._ids))
        places, scores = self._retriever.retrieve(tokens, k=k, show_progress=False, n_threads=0)
        return [self._ids[place] for place, score in zip(places[0], scores[0], strict=True) if score > 0]

    def close(self) -> None:
        del self._retriever
