import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.embeddings.remote_texts import cut_to_bytes, group_texts
from shared.errors import EmbedderRejected

valid_text = st.text(st.characters(exclude_categories=["Cs"]))


@given(valid_text.filter(bool), st.integers(min_value=4, max_value=50))
def test_a_cut_text_is_the_longest_beginning_that_fits(text: str, limit: int) -> None:
    cut = cut_to_bytes(text, limit)

    assert text.startswith(cut)
    assert len(cut.encode()) <= limit
    assert cut == text or len(text[: len(cut) + 1].encode()) > limit


def test_an_empty_text_becomes_a_space() -> None:
    assert cut_to_bytes("", 10) == " "


def test_a_lone_surrogate_is_rejected() -> None:
    with pytest.raises(EmbedderRejected, match="Unicode"):
        cut_to_bytes("a\udc00", 10)


@given(
    st.lists(st.text(max_size=30)),
    st.integers(min_value=1, max_value=5),
    st.integers(min_value=1, max_value=40),
)
def test_groups_keep_order_and_limits(texts: list[str], count: int, characters: int) -> None:
    groups = group_texts(texts, count=count, characters=characters)

    assert [text for group in groups for text in group] == texts
    for group in groups:
        assert 1 <= len(group) <= count
        assert len(group) == 1 or sum(map(len, group)) <= characters


def test_groups_are_filled() -> None:
    groups = group_texts(["aaa", "bb", "cccc", "d", "e", "f"], count=3, characters=5)

    assert groups == [["aaa", "bb"], ["cccc", "d"], ["e", "f"]]
