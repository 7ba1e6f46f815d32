import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.document_ids import document_id
from shared.domain.names import ID_PATTERN


@pytest.mark.parametrize("name", ["a", "guide.md", "A-1_b~c:d@e=f+g", "x" * 256])
def test_what_can_be_an_id_stays_as_it_is(name: str) -> None:
    assert document_id(name) == name


def test_other_names_become_readable_ids() -> None:
    assert re.fullmatch(r"guides-First-steps\.md~[0-9a-f]{12}", document_id("guides/First steps.md"))


def test_like_names_have_different_ids() -> None:
    assert len({document_id(name) for name in ["a/b", "a b", "a//b", "a-b"]}) == 4


def test_an_id_ends_where_its_name_does() -> None:
    assert document_id("a\n") != "a\n"


@given(st.text(st.characters(), max_size=400))
def test_every_name_has_one_id(name: str) -> None:
    assert re.fullmatch(ID_PATTERN.removesuffix("$"), document_id(name))
    assert document_id(name) == document_id(name)
