"""Named SQL blocks and their slots."""

import pytest

from shared.database.statements import Statement, numbered


def test_a_slot_is_filled_wherever_it_stands() -> None:
    statement = Statement("a", "SELECT /*what*/1/*end*/ FROM t WHERE x = /*what*/1/*end*/")
    assert statement.with_slot("what", "2").text == "SELECT 2 FROM t WHERE x = 2"


def test_a_slot_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="a has no slot where"):
        Statement("a", "SELECT 1").with_slot("where", "true")


def test_parameters_are_numbered_in_the_order_in_which_they_first_stand() -> None:
    text, names = numbered("SELECT %(b)s, %(a)s::int %% 2, %(b)s, 'a %%s'")
    assert text == "SELECT $1, $2::int % 2, $1, 'a %s'"
    assert names == ("b", "a")
    assert numbered("SELECT 1") == ("SELECT 1", ())
