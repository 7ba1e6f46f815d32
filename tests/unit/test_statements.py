"""Named SQL blocks and their slots."""

import pytest

from shared.database.statements import Statement


def test_a_slot_is_filled_wherever_it_stands() -> None:
    statement = Statement("a", "SELECT /*what*/1/*end*/ FROM t WHERE x = /*what*/1/*end*/")
    assert statement.with_slot("what", "2").text == "SELECT 2 FROM t WHERE x = 2"


def test_a_slot_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="a has no slot where"):
        Statement("a", "SELECT 1").with_slot("where", "true")
