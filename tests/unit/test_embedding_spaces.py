"""Vectors as they are given, and as they are stored."""

import base64
import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domain.bundles import shown_numbers
from shared.domain.chunks import Chunking
from shared.domain.documents import DocumentChange, DocumentInput, hash_document
from shared.domain.embedding_spaces import MAX_DIMENSIONS, packed, refuse_dimensions, unit_vector
from shared.domain.search import SearchRequest

NUMBERS = st.lists(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e150, max_value=1e150), min_size=1
)


@given(NUMBERS.filter(lambda numbers: math.hypot(*numbers) > 1e-150))
def test_a_vector_keeps_its_direction_and_has_a_length_of_one(numbers: list[float]) -> None:
    vector, length = unit_vector(numbers), math.hypot(*numbers)
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-3)
    for stored, sent in zip(vector, numbers, strict=True):
        assert stored == pytest.approx(sent / length, abs=1e-3)


@given(NUMBERS.filter(lambda numbers: math.hypot(*numbers) > 1e-150))
def test_what_is_stored_is_what_it_was_when_it_comes_back(numbers: list[float]) -> None:
    vector = unit_vector(numbers)
    assert unit_vector(vector) == vector
    shown = json.loads(json.dumps(shown_numbers(base64.b64encode(packed(vector)).decode())))
    assert unit_vector(shown) == vector


def test_a_vector_has_two_bytes_a_number() -> None:
    assert packed(unit_vector([0, 3, 4])) == struct.pack(">3e", 0, 0.6, 0.8)


@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_beyond_half_precision_are_no_problem(sign: int) -> None:
    assert unit_vector([sign * 10**300, 0]) == (sign, 0)
    assert unit_vector([70_000, 0]) == (1, 0)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("[1, 2]", "must be a list of 1 to 4000 numbers"),
        ({"0": 1}, "must be a list of 1 to 4000 numbers"),
        ([], "must be a list of 1 to 4000 numbers"),
        ([1.0] * (MAX_DIMENSIONS + 1), "must be a list of 1 to 4000 numbers"),
        (["1"], "must have numbers alone"),
        ([True], "must have numbers alone"),
        ([None, 1], "must have numbers alone"),
        ([[1]], "must have numbers alone"),
        ([0, 0.0, -0.0], "must have a number that is not 0: it has no direction"),
        ([math.nan, 1], "must have finite numbers, and a finite length"),
        ([math.inf], "must have finite numbers, and a finite length"),
        ([math.inf, math.nan], "must have finite numbers, and a finite length"),
        ([1e308] * 4, "must have finite numbers, and a finite length"),
        ([10**400], "must have finite numbers, and a finite length"),
    ],
)
def test_what_is_no_vector_is_told_in_one_problem(value: object, problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        DocumentInput.model_validate({"id": "a", "vector": value})
    ((place, message),) = [(error["loc"], error["msg"]) for error in refused.value.errors()]
    assert (place, message) == (("vector",), f"Value error, {problem}")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_json_does_not_have(text: str) -> None:
    with pytest.raises(ValidationError, match="must have finite numbers"):
        DocumentInput.model_validate_json(f'{{"id": "a", "vector": [1, {text}]}}')


def test_dimensions_are_those_of_the_collection() -> None:
    refuse_dimensions(None, 3)
    refuse_dimensions((1.0, 0.0, 0.0), 3)
    with pytest.raises(ValueError, match="must have 3 numbers, as the collection's have, and not 1"):
        refuse_dimensions((1.0,), 3)


def test_a_document_is_another_one_with_another_vector_and_its_text_is_not() -> None:
    def hashes(**fields: object) -> tuple[bytes, bytes]:
        document = DocumentInput.model_validate({"id": "a", "body": "b", **fields})
        return hash_document(document, Chunking.WHOLE, ["text", "metadata.x"])

    plain, first, other = hashes(), hashes(vector=[1, 0]), hashes(vector=[0, 1])
    assert len({plain[0], first[0], other[0]}) == 3
    assert plain[1] != first[1] == other[1]
    assert hashes(vector=[2, 0]) == first


def test_a_change_leaves_a_vector_takes_it_away_or_brings_another() -> None:
    document = DocumentInput(id="a", vector=(1.0, 0.0))
    assert DocumentChange(title="A").applied_to(document).vector == (1.0, 0.0)
    assert DocumentChange(vector=None).applied_to(document).vector is None
    assert DocumentChange.model_validate({"vector": [0, 5]}).applied_to(document).vector == (0.0, 1.0)


def test_a_search_asks_by_words_by_a_vector_or_by_both() -> None:
    assert SearchRequest.model_validate({"vector": [0, 2]}).is_by_vector_alone
    assert not SearchRequest.model_validate({"vector": [0, 2], "q": "cats"}).is_by_vector_alone
    assert not SearchRequest(q="*").is_by_vector_alone
    for asked in ({}, {"vector": None}):
        with pytest.raises(ValidationError) as refused:
            SearchRequest.model_validate(asked)
        assert [(error["loc"], error["type"]) for error in refused.value.errors()] == [(("q",), "missing")]
