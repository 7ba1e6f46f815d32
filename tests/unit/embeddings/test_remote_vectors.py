import base64
import struct

import pytest

from shared.embeddings.remote_vectors import unit_vector, unit_vectors
from shared.errors import EmbedderRejected


def packed(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


@pytest.mark.parametrize("answer", [[3.0, 4.0], [3, 4], packed(3, 4)])
def test_vectors_come_out_at_unit_length(answer: object) -> None:
    assert unit_vector(answer, 2) == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([1.0, 2.0, 3.0], "EMBEDDING_DIMENSIONS is 2"),
        (packed(1), "vectors of 1 numbers"),
        ([0.0, 0.0], "no direction"),
        ([float("nan"), 1.0], "no direction"),
        ([1e200, 1e200], "no direction"),
        (["1", "2"], "something else"),
        ([True, False], "something else"),
        ("not base64!", "something else"),
        ("AAAA", "something else"),
        ("é", "something else"),
        ({"embedding": [1.0, 2.0]}, "something else"),
        (None, "something else"),
    ],
)
def test_anything_else_is_rejected(answer: object, message: str) -> None:
    with pytest.raises(EmbedderRejected, match=message):
        unit_vector(answer, 2)


@pytest.mark.parametrize("answers", [[[1.0]], [[1.0]] * 3, None, "[]"])
def test_there_is_one_vector_for_each_text(answers: object) -> None:
    with pytest.raises(EmbedderRejected, match="one vector for each text"):
        unit_vectors(answers, count=2, dimensions=1)


def test_vectors_stay_in_order() -> None:
    assert unit_vectors([[2.0, 0.0], [0.0, 5.0]], count=2, dimensions=2) == [[1.0, 0.0], [0.0, 1.0]]
