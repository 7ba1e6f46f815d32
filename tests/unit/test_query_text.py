"""What people type into a search box, in its parts."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.query_words import ParsedQuery, normalized_words
from shared.errors import InvalidRequest
from shared.querying.query_text import MAX_CONDITIONS, parse_query


def parts(text: str) -> str:
    """The parts of a query, quoted phrases in brackets."""
    shown = (f"[{part.text}]" if part.quoted else part.text for part in parse_query(text).parts)
    signs = ("-" if part.excluded else "" for part in parse_query(text).parts)
    return " | ".join(sign + text for sign, text in zip(signs, shown, strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blue  note\nrecords", "blue | note | records"),
        ('"blue note" records', "[blue note] | records"),
        ('records "blue note"', "records | [blue note]"),
        ('" blue  note "', "[blue  note]"),
        ('"a" "b"', "[a] | [b]"),
        ('("a b")', "[a b]"),
        ('"a b"c', "[a b] | c"),
        # Exclusions.
        ("jazz -free", "jazz | -free"),
        ('jazz -"free jazz"', "jazz | -[free jazz]"),
        ("-jazz", "-jazz"),
        ("-\u00e9tude -\u65e5\u672c", "-\u00e9tude | -\u65e5\u672c"),
        ("-well-known", "-well-known"),
        # Minus signs that exclude nothing.
        ("-5 -1.5", "-5 | -1.5"),
        ("a-b c- --d", "a-b | c- | --d"),
        ("- a", "a"),
        ("(-a)", "(-a)"),
        ('a-"b c"', "a- | [b c]"),
        # Quotation marks that quote nothing.
        ('"a b', '"a | b'),
        ('a b"', 'a | b"'),
        ('"a" "b', '[a] | "b'),
        ('-"a b', '-"a | b'),
        ('12" vinyl and 7" singles', '12" | vinyl | and | 7" | singles'),
        ('\u05e6\u05d4"\u05dc', '\u05e6\u05d4"\u05dc'),
        ('""', ""),
        ('" , "', ""),
        ('-""', ""),
        # Typographic ones.
        ("\u201cblue note\u201d", "[blue note]"),
        ("\u201eblue note\u201c", "[blue note]"),
        ("\u00abblue note\u00bb", "[blue note]"),
        ("\u00bbblue note\u00ab", "[blue note]"),
        ("\uff02blue note\uff02", "[blue note]"),
        ('\u201cblue note"', "[blue note]"),
        ("-\u201cblue note\u201d", "-[blue note]"),
        ("the bird\u2019s \u2018song\u2019", "the | bird\u2019s | \u2018song\u2019"),
        # What is no Latin letter.
        ("\U0001f600 \U0001f469\u200d\U0001f680", "\U0001f600 | \U0001f469\u200d\U0001f680"),
        ("\u05e9\u05dc\u05d5 \u05e2\u05d5\u05dc", "\u05e9\u05dc\u05d5 | \u05e2\u05d5\u05dc"),
        ("\u65e5\u672c\u8a9e\u3067", "\u65e5\u672c\u8a9e\u3067"),
        # Punctuation alone.
        ("", ""),
        (" \t\n", ""),
        ("?!? ... - -- & ;", ""),
    ],
)  # fmt: skip
def test_the_parts_of_a_query(text: str, expected: str) -> None:
    assert parts(text) == expected


def test_the_parts_by_kind() -> None:
    parsed = parse_query('cool "blue note" -bebop jazz -"hard bop" -swing "kind of"')
    assert parsed.words == ("cool", "jazz")
    assert parsed.phrases == ("blue note", "kind of")
    assert parsed.excluded_words == ("bebop", "swing")
    assert parsed.excluded_phrases == ("hard bop",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("how do  I start?", "how do  I start?"),
        ('12" -5 a-b "c', '12" -5 a-b "c'),
        ('cool "blue note" -bebop -"hard bop"', "cool blue note"),
        ('"blue "note', "blue note"),
        ("-bebop", ""),
        ("?!", "?!"),
    ],
)
def test_what_is_embedded(text: str, expected: str) -> None:
    assert parse_query(text).semantic_text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blue no", True),
        ('"blue no', True),
        ("\u0939\u093f\u0902\u0926\u0940", True),
        ("blue note ", False),
        ("blue note.", False),
        ('"blue note"', False),
        ("blue -no", False),
        ("blue -", False),
        ("?", False),
        ("", False),
    ],
)
def test_the_last_word_may_be_unfinished(text: str, expected: bool) -> None:
    assert parse_query(text).ends_in_word is expected


@given(st.text(st.sampled_from('ab "-\u201c\u00e9,5\U0001f600\u65e5'), max_size=60) | st.text(max_size=200))
def test_nothing_typed_is_lost(text: str) -> None:
    parsed = parse_query(text)
    typed = normalized_words(
        text.translate(dict.fromkeys(map(ord, '"\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02-'), " "))
    )
    found = " ".join(part.text for part in parsed.parts)
    kept = normalized_words(
        found.translate(dict.fromkeys(map(ord, '"\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02-'), " "))
    )
    assert kept == typed


@pytest.mark.parametrize("unit", ["a ", '"', ' "', '\u00e9"', 'a" ', "-", "\u0301", ".", ',"', "x", "- "])
def test_long_queries_take_time_by_their_length(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    started = time.perf_counter()
    parsed = parse_query(text)
    assert time.perf_counter() - started < 5
    assert isinstance(parsed, ParsedQuery)


def test_conditions_are_bounded() -> None:
    assert len(parse_query('-a "b" ' * (MAX_CONDITIONS // 2)).parts) == MAX_CONDITIONS
    with pytest.raises(InvalidRequest) as refused:
        parse_query('-a "b" ' * (MAX_CONDITIONS // 2) + "-c")
    assert refused.value.details == [
        {"field": "q", "message": "may have 100 quoted phrases and exclusions at most"}
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("New  York!", ("new", "york")),
        ("\uff2e\uff39", ("ny",)),
        ("Stra\u00dfe", ("strasse",)),
        ("(C++), .NET", ("c", "net")),
        ("l\u2019\u00e9t\u00e9", ("l\u2019\u00e9t\u00e9",)),
        ("e\u0301", ("\u00e9",)),
        ("- & ...", ()),
    ],
)
def test_words_as_they_are_compared(text: str, expected: tuple[str, ...]) -> None:
    assert normalized_words(text) == expected
