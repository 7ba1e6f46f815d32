import numpy as np

from shared.chunking.markdown import chunk_body
from tests.benchmarks.searched_documents import Document
from tests.benchmarks.varied_copies import varied_copies

WORDS = [f"word{number}" for number in range(400)]


def document(name: str, words: list[str]) -> Document:
    body = " ".join(words)
    chunks = len(chunk_body(body))
    vectors = np.random.default_rng(len(name)).normal(size=(chunks, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Document(name, "Title", body, ["…"] * chunks, vectors.astype(np.float32))


def test_copies_have_most_of_their_words_and_some_of_another() -> None:
    originals = [document("a", WORDS[:300]), document("bb", WORDS[300:])]
    copies = list(varied_copies(originals, 40))
    assert [copy.id for copy in copies[:4]] == ["a~1", "bb~1", "a~2", "bb~2"]
    kept, taken = [], []
    for copy in copies[::2]:
        words = copy.body.split()
        kept.append(len(set(words) & set(WORDS[:300])) / 300)
        taken.append(len(set(words) & set(WORDS[300:])) / 300)
    assert 0.84 < np.mean(kept) < 0.92
    # Half of the words are taken from the very same document, as there are but two.
    assert 0.02 < np.mean(taken) <= 0.1


def test_each_passage_of_a_copy_has_a_vector_near_its_originals() -> None:
    original = document("a", WORDS)
    for copy in varied_copies([original], 20):
        assert len(copy.passages) == len(copy.vectors)
        assert np.allclose(np.linalg.norm(copy.vectors, axis=1), 1, atol=1e-5)
        cosines = (copy.vectors @ original.vectors.T).max(axis=1)
        assert ((cosines > 0.9) & (cosines < 0.99)).all()


def test_no_two_copies_are_alike() -> None:
    copies = list(varied_copies([document("a", WORDS)], 20))
    assert len({copy.body for copy in copies}) == 20
    assert len({copy.vectors.tobytes() for copy in copies}) == 20


def test_the_same_seed_gives_the_same_copies() -> None:
    originals = [document("a", WORDS)]
    assert [c.body for c in varied_copies(originals, 5)] == [c.body for c in varied_copies(originals, 5)]


def test_a_document_without_words_has_copies_without() -> None:
    empty = Document("a", "Title", "", [], np.zeros((0, 384), np.float32))
    (copy,) = varied_copies([empty], 1)
    assert (copy.body, copy.passages, copy.vectors.shape) == ("", [], (0, 384))
