import pytest

from shared.domain.principals import ADMIN, WORKER, Permission, Principal

SEARCH = frozenset({Permission.DOCUMENTS_SEARCH})


@pytest.mark.parametrize(
    ("patterns", "name", "may"),
    [
        (("*",), "books", True),
        (("books",), "books", True),
        (("books",), "books2", False),
        (("book*",), "books", True),
        (("book*",), "book", True),
        (("book*",), "boo", False),
        (("a", "b*"), "bc", True),
        ((), "books", False),
    ],
)
def test_a_caller_may_enter_the_collections_of_its_patterns(
    patterns: tuple[str, ...], name: str, *, may: bool
) -> None:
    assert Principal("key", SEARCH, patterns).may_enter(name) is may


def test_callers_with_one_view_share_answers_and_others_do_not() -> None:
    assert ADMIN.view == WORKER.view == Principal("key", SEARCH).view
    ada = Principal("a", SEARCH, readers=("user:ada", "group:eng"))
    narrower = [
        Principal("key", SEARCH, ("books",)),
        ada,
        Principal("key", SEARCH, readers=()),
        Principal("key", SEARCH, filter="year > 2000"),
        Principal("key", SEARCH, fields=("year",)),
        Principal("key", SEARCH, fields=()),
    ]
    assert len({ADMIN.view, *(principal.view for principal in narrower)}) == 1 + len(narrower)
    assert ada.view == Principal("b", SEARCH, readers=("group:eng", "user:ada")).view


def test_whole_collections_are_seen_without_readers_filter_and_fields() -> None:
    assert Principal("key", SEARCH, ("books",)).sees_whole_collections
    assert not Principal("key", SEARCH, readers=()).sees_whole_collections
    assert not Principal("key", SEARCH, filter="year > 2000").sees_whole_collections
    assert not Principal("key", SEARCH, fields=()).sees_whole_collections
