"""The grammar of filters at work: the only module that knows the parser library."""

import functools
from pathlib import Path

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from shared.domain.filters import (
    Comparison,
    Conjunction,
    Disjunction,
    Existence,
    Field,
    Filter,
    GeoBox,
    GeoRadius,
    Membership,
    Negation,
    Operator,
    Range,
    Scalar,
    TextComparison,
    TextMatch,
)
from shared.errors import InvalidFilter
from shared.querying.filter_literals import read_field_path, read_number, read_string
from shared.querying.filter_places import read_distance, read_point
from shared.querying.filter_problems import problem_at

MOST_CLAUSES = 500
DEEPEST_NESTING = 50
LONGEST_QUOTATION = 30

_TERMINALS_IN_WORDS = {
    "FIELD": "a field name",
    "_EXISTS": "EXISTS",
    "_GEO_RADIUS": "GEO_RADIUS",
    "_GEO_BOX": "GEO_BOX",
    "OPERATOR": "an operator (= != < <= > >=)",
    "_IN": "IN",
    "_BETWEEN": "BETWEEN",
    "TEXT_MATCH": "CONTAINS, STARTS WITH",
    "_IS_NULL": "IS NULL",
    "BOOLEAN": "a value (text in quotes, a number, true or false)",
    "NUMBER": "a number",
    "_COMMA": "a comma",
    "_AND": "AND",
    "_OR": "OR",
    "_NOT": "NOT",
    "_LEFT_PARENTHESIS": "'('",
    "_RIGHT_PARENTHESIS": "')'",
    "_LEFT_BRACKET": "'['",
    "_RIGHT_BRACKET": "']'",
    "$END": "the end of the filter",
}


def parse(text: str) -> Filter:
    """The tree of `text`, which is not blank; raises InvalidFilter."""
    parsing = _parser().parse_interactive(text)
    nesting = _Nesting()
    try:
        for token in parsing.iter_parse():
            nesting.enter(token)
        tree: Filter = parsing.feed_eof()  # type: ignore[no-untyped-call] # Lark leaves it untyped.
    except UnexpectedCharacters as error:
        raise _unreadable_character(text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        raise _unexpected(text, error.token) from None
    return tree


class _Nesting:
    """Counts clauses, and the parentheses and NOTs around the current one, as tokens come in."""

    def __init__(self) -> None:
        self._depth = 0
        self._clauses = 0
        self._negations = 0
        self._negations_outside: list[int] = []
        self._previous = ""

    def enter(self, token: Token) -> None:
        match token.type:
            case "_NOT" if self._previous != "FIELD":
                self._negations += 1
                self._deepen(token, 1)
            case "_LEFT_PARENTHESIS":
                self._negations_outside.append(self._negations)
                self._negations = 0
                self._deepen(token, 1)
            case "_RIGHT_PARENTHESIS" if self._negations_outside:
                self._deepen(token, -1 - self._negations_outside.pop())
            case "FIELD":
                self._deepen(token, -self._negations)
                self._negations = 0
                self._count_clause(token)
        self._previous = token.type

    def _deepen(self, token: Token, levels: int) -> None:
        self._depth += levels
        if self._depth > DEEPEST_NESTING:
            message = f"parentheses and NOTs may be nested {DEEPEST_NESTING} deep at most"
            raise problem_at(_position(token), message)

    def _count_clause(self, token: Token) -> None:
        self._clauses += 1
        if self._clauses > MOST_CLAUSES:
            message = f"a filter may have {MOST_CLAUSES} comparisons at most"
            raise problem_at(_position(token), message)


def _unreadable_character(text: str, position: int) -> InvalidFilter:
    match text[position]:
        case '"' | "'":
            return problem_at(position, "the text that starts here has no closing quote")
        case "`" if text.startswith("``", position):
            return problem_at(position, "a field name may not be empty")
        case "`":
            return problem_at(position, "the field name that starts here has no closing backquote")
        case character:
            return problem_at(position, f"{character!r} means nothing here")


def _unexpected(text: str, token: Token) -> InvalidFilter:
    if token.type == "$END":
        expected = _expected_after(text)
        return problem_at(len(text.rstrip()), f"the filter ends where {expected} should follow")
    expected = _expected_after(text[: _position(token)])
    found = token if len(token) <= LONGEST_QUOTATION else token[:LONGEST_QUOTATION] + "…"
    return problem_at(_position(token), f"expected {expected}, but found {found}")


def _expected_after(text: str) -> str:
    # The parser that failed has already reduced what it had, and accepts less than it did before.
    parsing = _parser().parse_interactive(text)
    parsing.exhaust_lexer()
    accepted = parsing.accepts()  # type: ignore[no-untyped-call] # Lark leaves it untyped.
    if "BOOLEAN" in accepted:
        # Where any value may stand, a number is one of them.
        accepted = accepted - {"NUMBER"}
    words = [word for terminal, word in _TERMINALS_IN_WORDS.items() if terminal in accepted]
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


@v_args(inline=True)
class _TreeBuilder(Transformer[Token, Filter]):
    def comparison(self, field: Token, operator: Token, value: Scalar) -> Filter:
        return Comparison(_field(field), Operator(str(operator)), value)

    def membership(self, field: Token, values: tuple[Scalar, ...]) -> Filter:
        return Membership(_field(field), values)

    def exclusion(self, field: Token, values: tuple[Scalar, ...]) -> Filter:
        return Negation(Membership(_field(field), values))

    def between(self, field: Token, low: Scalar, high: Scalar) -> Filter:
        if _kind(low) is not _kind(high):
            raise problem_at(_position(field), "both ends of BETWEEN have to be of one kind")
        return Range(_field(field), low, high)

    def not_between(self, field: Token, low: Scalar, high: Scalar) -> Filter:
        return Negation(self.between(field, low, high))

    def text_match(self, field: Token, match: Token, text: Token) -> Filter:
        how = TextMatch(" ".join(match.upper().split()))
        return TextComparison(_field(field), how, self.string(text))

    def no_text_match(self, field: Token, match: Token, text: Token) -> Filter:
        return Negation(self.text_match(field, match, text))

    def existence(self, field: Token) -> Filter:
        return Existence(_field(field))

    def absence(self, field: Token) -> Filter:
        return Negation(Existence(_field(field)))

    def radius(self, field: Token, latitude: float, longitude: float, metres: float) -> Filter:
        position = _position(field)
        center = read_point(latitude, longitude, position)
        return GeoRadius(_field(field), center, read_distance(metres, position))

    def box(self, field: Token, top: float, left: float, bottom: float, right: float) -> Filter:
        position = _position(field)
        if top < bottom:
            raise problem_at(position, "GEO_BOX takes top, left, bottom, right: this top is below its bottom")
        return GeoBox(_field(field), read_point(top, left, position), read_point(bottom, right, position))

    def negation(self, operand: Filter) -> Filter:
        return Negation(operand)

    def conjunction(self, *operands: Filter) -> Filter:
        return Conjunction(operands)

    def disjunction(self, *operands: Filter) -> Filter:
        return Disjunction(operands)

    def values(self, *values: Scalar) -> tuple[Scalar, ...]:
        return values

    def string(self, token: Token) -> str:
        return read_string(str(token), _position(token))

    def number(self, token: Token) -> int | float:
        return read_number(str(token), _position(token))

    def boolean(self, token: Token) -> bool:
        return token.lower() == "true"


def _kind(value: Scalar) -> type:
    return float if type(value) is int else type(value)


def _position(token: Token) -> int:
    return token.start_pos or 0


def _field(token: Token) -> Field:
    return Field(read_field_path(str(token), _position(token)), _position(token) + 1)


@functools.cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("filter_grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", transformer=_TreeBuilder())
