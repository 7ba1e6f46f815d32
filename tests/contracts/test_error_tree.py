"""The tree of errors: drawn as it is, with a code and a message of its own for each."""

import functools
import importlib
import inspect
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator

import shared
from shared import errors
from shared.errors import ConcordError

STATUSES_OF_TYPE = {
    "invalid_request": {400, 405, 413, 421, 422},
    "unauthenticated": {401},
    "permission_denied": {403},
    "not_found": {404},
    "conflict": {409, 412},
    "internal": {500},
    "too_many_requests": {429},
    "unavailable": {503},
}
# Errors of the command line and the laptop's host never become a response; theirs stand beside their cause.
BESIDE_THEIR_CAUSE = ("shared.cli.", "shared.local.")
INDENT = 4
NAME = re.compile(r"[A-Z]\w+")
STATUS = re.compile(r"\((\d{3})")


def subclasses(parent: type[ConcordError]) -> Iterator[type[ConcordError]]:
    for child in parent.__subclasses__():
        if child.__module__.startswith("shared."):
            yield child
        yield from subclasses(child)


@functools.cache
def every_error() -> list[type[ConcordError]]:
    for module in pkgutil.walk_packages(shared.__path__, "shared."):
        importlib.import_module(module.name)
    return [ConcordError, *subclasses(ConcordError)]


def errors_of_the_tree() -> list[type[ConcordError]]:
    return [error for error in every_error() if error.__module__ == errors.__name__]


def drawn_tree(text: str) -> dict[str, tuple[str | None, int | None]]:
    """Each error of the drawing with its parent and the status that stands behind it."""
    drawn: dict[str, tuple[str | None, int | None]] = {}
    parents: dict[int, str] = {}
    for line in text.splitlines():
        first = NAME.search(line)
        if first is None or not line.startswith(" " * INDENT):
            continue
        depth = first.start() // INDENT
        for part in re.split(r", (?=[A-Z])", line[first.start() :].rstrip(",")):
            name, status = NAME.match(part), STATUS.search(part)
            assert name, part
            assert name[0] not in drawn, f"{name[0]} is drawn twice"
            drawn[name[0]] = (parents.get(depth - 1), int(status[1]) if status else None)
            parents[depth] = name[0]
    return drawn


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = drawn_tree(errors.__doc__ or "")
    assert {name: parent for name, (parent, _) in drawn.items()} == {
        error.__name__: None if error is ConcordError else error.__mro__[1].__name__
        for error in errors_of_the_tree()
    }


def test_the_drawing_tells_every_status() -> None:
    drawn = drawn_tree(errors.__doc__ or "")
    for error in errors_of_the_tree():
        parent, status = drawn[error.__name__]
        told = status or (drawn[parent][1] if parent else None) or ConcordError.status
        assert (error.__name__, error.status) == (error.__name__, told)


def test_callers_meet_no_other_errors() -> None:
    """What is not in the tree stays on the laptop, or has the code of an error that is."""
    known = {error.code for error in errors_of_the_tree()}
    strays = [error for error in every_error() if error not in errors_of_the_tree()]
    exposed = [error for error in strays if not error.__module__.startswith(BESIDE_THEIR_CAUSE)]
    assert [error.__name__ for error in exposed if error.code not in known] == []


def test_every_error_has_a_code_of_its_own() -> None:
    counted = Counter(error.code for error in errors_of_the_tree())
    assert [code for code, count in counted.items() if count > 1] == []
    assert [code for code in counted if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


def test_every_error_has_a_message_of_its_own() -> None:
    messages = Counter((inspect.getdoc(error) or "").partition("\n")[0] for error in errors_of_the_tree())
    assert [text for text, count in messages.items() if count > 1 or not text.endswith(".")] == []


def test_every_status_is_one_of_its_type() -> None:
    assert [
        error.__name__ for error in errors_of_the_tree() if error.status not in STATUSES_OF_TYPE[error.type]
    ] == []
