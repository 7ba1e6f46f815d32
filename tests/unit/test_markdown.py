"""Chunks of bodies: their structure, what holds for any text, and that edits stay local."""

import random
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.chunking.limits import DEFAULT_LIMITS, ChunkLimits
from shared.chunking.markdown import chunk_body
from shared.chunking.spans import SMALLEST_MAXIMUM
from shared.chunking.token_estimate import estimate_tokens
from shared.domain.chunks import Chunk

SMALL = ChunkLimits(minimum=10, target=30, maximum=SMALLEST_MAXIMUM)
_VOCABULARY = (
    *("the", "of", "a", "in", "database", "index", "query", "vector", "document", "search", "fast"),
    *("result", "passage", "token", "semantic", "keyword", "because", "ranking", "stores", "every"),
    *("writes", "slow", "connection", "transaction", "row", "column", "value", "postgres", "and"),
)


def _words(count: int, seed: int) -> str:
    choose = random.Random(seed)
    words = [choose.choice(_VOCABULARY) for _ in range(count)]
    for index in range(11, count, 12):
        words[index] = f"{words[index]}."
    return " ".join(word.capitalize() if i % 12 == 0 else word for i, word in enumerate(words))


def _texts(body: str, limits: ChunkLimits = DEFAULT_LIMITS) -> list[str]:
    return [body[chunk.start : chunk.end] for chunk in chunk_body(body, limits=limits)]


def _outline(body: str) -> list[tuple[tuple[str, ...], str]]:
    return [(chunk.heading_path, body[chunk.start : chunk.end]) for chunk in chunk_body(body)]


def _assert_sound(body: str, limits: ChunkLimits) -> None:
    chunks = chunk_body(body, limits=limits)
    if not body.strip():
        assert chunks == []
        return
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert not body[: chunks[0].start].strip()
    assert [chunk.segment_end for chunk in chunks] == [
        *(chunk.start for chunk in chunks[1:]),
        len(body),
    ]
    for chunk in chunks:
        text = body[chunk.start : chunk.end]
        assert text
        assert text == text.strip()
        assert chunk.end >= len(body[: chunk.segment_end].rstrip())
        assert estimate_tokens(text) <= limits.maximum
        _assert_no_short_word_is_split(body, chunk, limits)


def _assert_no_short_word_is_split(body: str, chunk: Chunk, limits: ChunkLimits) -> None:
    cut = chunk.segment_end
    if cut < len(body) and not body[cut - 1].isspace():
        word = body[:cut].rsplit(maxsplit=1)[-1] + body[cut:].split(maxsplit=1)[0]
        assert estimate_tokens(word) > limits.maximum


def test_chunking_loads_the_standard_library_alone() -> None:
    program = (
        "import sys; known = set(sys.modules); import shared.chunking.markdown; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - known})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert set(loaded) - sys.stdlib_module_names == {"shared"}


@pytest.mark.parametrize("body", ["", " ", "\n\n\t\r\n\u2003"])
def test_nothing_gives_no_chunks(body: str) -> None:
    assert chunk_body(body) == []


def test_one_chunk_is_given_whole() -> None:
    body = "\n\n# Title\n\nSome text.\n\n"
    assert chunk_body(body) == [
        Chunk(0, 2, 21, len(body), heading_path=("Title",)),
    ]


def test_headings_start_chunks_and_nest() -> None:
    body = (
        "Before.\n\n# A\n\nText of A.\n\n## B ##\nText of B.\n\n### C\n\nText of C.\n\n"
        "D\n-\n\nText on.\n\n## E\n\nText of E.\n# F\nText of F."
    )
    assert _outline(body) == [
        ((), "Before."),
        (("A",), "# A\n\nText of A."),
        (("A", "B"), "## B ##\nText of B."),
        (("A", "B", "C"), "### C\n\nText of C."),
        (("A", "D"), "D\n-\n\nText on."),
        (("A", "E"), "## E\n\nText of E."),
        (("F",), "# F\nText of F."),
    ]


def test_headings_of_restructured_text() -> None:
    body = "=====\nGuide\n=====\n\nFirst\n=====\n\nText.\n\nSecond\n------\n\nMore.\n\nThird\n~~~~~\nEnd."
    assert _outline(body) == [
        (("Guide", "First"), "=====\nGuide\n=====\n\nFirst\n=====\n\nText."),
        (("Guide", "First", "Second"), "Second\n------\n\nMore."),
        (("Guide", "First", "Second", "Third"), "Third\n~~~~~\nEnd."),
    ]


def test_headings_without_text_join_what_follows() -> None:
    body = "# A\n\n## B\n\n## C\n\nText.\n\n# D\n## E"
    assert _outline(body) == [
        (("A", "C"), "# A\n\n## B\n\n## C\n\nText."),
        (("D", "E"), "# D\n## E"),
    ]


def test_an_empty_heading_names_nothing() -> None:
    assert _outline("#\nText.\n## B\nMore.") == [((), "#\nText."), (("B",), "## B\nMore.")]


def test_more_headings_than_fit_are_cut() -> None:
    body = "\n".join(f"# Heading number {index}" for index in range(200))
    _assert_sound(body, DEFAULT_LIMITS)
    assert len(chunk_body(body)) > 1


def test_a_heading_stays_with_a_text_that_is_just_too_long_to_join_it() -> None:
    paragraph = _words(160, seed=1)
    assert DEFAULT_LIMITS.maximum - 20 < estimate_tokens(paragraph) <= DEFAULT_LIMITS.maximum
    heading = "## A heading of quite a few words, which are too many to fit in besides a paragraph"
    texts = _texts(f"{heading}\n\n{paragraph}")
    assert len(texts) == 2
    assert texts[0].startswith(f"{heading}\n\n{paragraph[:100]}")


def test_a_heading_longer_than_a_chunk_is_divided() -> None:
    body = f"# {_words(400, seed=2)}\n\nText."
    chunks = chunk_body(body)
    assert len(chunks) > 2
    assert all(chunk.heading_path == chunks[0].heading_path for chunk in chunks)
    _assert_sound(body, DEFAULT_LIMITS)


def test_a_long_heading_before_a_word_as_long_as_a_chunk_stands_alone() -> None:
    heading = "# " + "word " * 30
    word = "#" * (SMALL.maximum - 1)
    limits = ChunkLimits(minimum=10, target=40, maximum=SMALL.maximum)
    assert _texts(f"{heading}\n\n{word} {word}", limits)[-2:] == [word, word]


@pytest.mark.parametrize("fence", ["```", "~~~~", "  ```"])
def test_fenced_code_has_no_headings_and_stays_whole(fence: str) -> None:
    code = f"{fence}python\n# not a heading\n\nNor this\n========\n{fence.strip()[:2]}\n{fence}"
    body = f"# A\n\nText.\n\n{code}\n\n# B\n\nText."
    assert _outline(body) == [
        (("A",), f"# A\n\nText.\n\n{code}"),
        (("B",), "# B\n\nText."),
    ]


def test_an_open_fence_takes_the_rest() -> None:
    body = "Text.\n```\n# a\n\n# b"
    assert _outline(body) == [((), body)]


def test_inline_code_opens_no_fence() -> None:
    assert _outline("```inline``` code\n# A\nText.") == [
        ((), "```inline``` code"),
        (("A",), "# A\nText."),
    ]


def _blocks_around(block: str) -> str:
    return f"{_words(70, seed=3)}\n\n{block}\n\n{_words(70, seed=4)}"


@pytest.mark.parametrize(
    "block",
    [
        "\n".join(f"- item {index} of a list" for index in range(20)),
        "\n\n".join(f"{index}. item of a loose list\n\n   and more" for index in range(12)),
        "- item\n\n  ```\n# code in the item\n\n  ```\n\n- " + ("another item " * 40).strip(),
        "```\n" + "\n\n".join(f"call({index})" for index in range(30)) + "\n```",
        "| a | b |\n|---|---|\n" + "\n".join(f"| {index} | x |" for index in range(20)),
        "a | b\n--- | ---\n" + "\n".join(f"{index} | x" for index in range(30)),
        "+---+---+\n" + "\n".join(f"| {index} | x |" for index in range(20)),
    ],
)
def test_lists_code_and_tables_stay_whole_where_they_fit(block: str) -> None:
    assert 90 < estimate_tokens(block) <= DEFAULT_LIMITS.maximum
    assert any(block in text for text in _texts(_blocks_around(block)))


def test_a_list_ends_at_a_heading_and_at_a_paragraph_after_a_blank_line() -> None:
    body = "- item\ncontinued\n# A\n- item\n\nText.\n- item\nTitle\n=====\nText."
    assert [path for path, _ in _outline(body)] == [(), ("A",), ("Title",)]
    item = "- " + "word " * 100
    paragraph = _words(100, seed=5)
    assert _texts(f"{item}\n\n{paragraph}") == [item.strip(), paragraph]


def test_a_long_list_is_cut_between_items() -> None:
    items = [f"- {_words(25, seed)}\n  {_words(10, seed + 1)}" for seed in range(40)]
    texts = _texts("\n".join(items))
    assert "\n".join(texts) == "\n".join(items)
    assert len(texts) > 5
    assert all(text.startswith("- ") for text in texts)


def test_long_code_and_tables_are_cut_between_lines() -> None:
    rows = [f"| row {index} | {_words(8, index)} |" for index in range(80)]
    texts = _texts("\n".join(rows))
    assert "\n".join(texts).split("\n") == rows
    assert len(texts) > 5


def test_paragraphs_are_gathered_up_to_the_maximum() -> None:
    paragraphs = [_words(20, seed) for seed in range(40)]
    texts = _texts("\n\n".join(paragraphs))
    assert "\n\n".join(texts).split("\n\n") == paragraphs
    sizes = [estimate_tokens(text) for text in texts[:-1]]
    assert all(DEFAULT_LIMITS.minimum <= size <= DEFAULT_LIMITS.maximum for size in sizes)


def test_a_rule_never_is_a_chunk() -> None:
    paragraphs = [_words(100, seed) for seed in range(3)]
    assert _texts("\n\n---\n\n".join(paragraphs)) == [
        f"{paragraphs[0]}\n\n---",
        f"{paragraphs[1]}\n\n---",
        paragraphs[2],
    ]


def test_a_line_that_leads_to_a_block_stays_with_it() -> None:
    code = "```\n" + "call(1)\n" * 14 + "```"
    parts = [part for seed in range(20) for part in (_words(30, seed), "For example:", code)]
    texts = _texts("\n\n".join(parts))
    assert len(texts) > 10
    assert not any(text.endswith(":") for text in texts)


def test_a_long_paragraph_is_cut_at_sentences_into_balanced_overlapping_pieces() -> None:
    body = _words(600, seed=6)
    chunks = chunk_body(body)
    own = [estimate_tokens(body[chunk.start : chunk.segment_end]) for chunk in chunks]
    assert len(chunks) > 3
    assert max(own) - min(own) <= 2 * 20
    for chunk, following in pairwise(chunks):
        assert body[: following.start].endswith(". ")
        repeated = estimate_tokens(body[following.start : chunk.end])
        assert 0.05 * DEFAULT_LIMITS.target <= repeated <= 0.3 * DEFAULT_LIMITS.target
        assert body[chunk.end - 1] == "."
    assert chunks[-1].end == len(body)


def test_paragraphs_do_not_overlap() -> None:
    body = "\n\n".join(_words(300, seed) for seed in range(4))
    paragraph_end = body.index("\n\n")
    assert any(chunk.end > chunk.segment_end for chunk in chunk_body(body))
    assert any(chunk.end == paragraph_end for chunk in chunk_body(body))


def test_a_few_words_before_a_long_paragraph_join_it() -> None:
    short, long = "In short:", _words(400, seed=7)
    assert _texts(f"{short}\n\n{long}")[0].startswith(f"{short}\n\n{long[:200]}")
    enough = _words(90, seed=8)
    assert _texts(f"{enough}\n\n{long}")[0] == enough


def test_lines_without_sentences_are_cut_at_lines() -> None:
    lines = [f"12:0{index % 10} worker {index} has started" for index in range(300)]
    texts = _texts("\n".join(lines))
    assert {line for text in texts for line in text.split("\n")} == set(lines)


def test_a_word_of_100_000_characters_is_cut_into_full_pieces() -> None:
    body = "Before. " + "abcdefghij" * 10_000 + " after."
    _assert_sound(body, DEFAULT_LIMITS)
    assert len(chunk_body(body)) < 250


def test_text_without_spaces_is_cut_at_its_clauses() -> None:
    body = "這是一個相當長的句子而且沒有任何空白。" * 40
    chunks = chunk_body(body)
    assert len(chunks) > 3
    assert all(body[chunk.segment_end - 1] == "。" for chunk in chunks)


def test_offsets_count_code_points() -> None:
    body = "😀 é\n\n# 🎈\n\n🎉 text"
    assert _outline(body) == [((), "😀 é"), (("🎈",), "# 🎈\n\n🎉 text")]


_lines = st.sampled_from(
    ["", "", " ", "# A", "## B ##", "Title", "=====", "---", "- item", "  more", "1. one", "```", "~~~"]
    + ["| a | b |", "|---|---|", "Dr. No went. Then he came back. ", "x" * 400, "漢字。" * 50, "\t", "\r"]
    + [_words(40, seed) for seed in range(5)]
)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=400) | st.lists(_lines | st.text(max_size=20), max_size=40).map("\n".join))
def test_any_text_is_cut_soundly(body: str) -> None:
    _assert_sound(body, SMALL)
    _assert_sound(body, DEFAULT_LIMITS)


def _changed(before: str, after: str) -> int:
    """How many chunks must be embedded again."""
    return (Counter(_texts(after)) - Counter(_texts(before))).total()


def _with_another_word(paragraphs: list[str], index: int, choose: random.Random) -> list[str]:
    words = paragraphs[index].split(" ")
    words[choose.randrange(len(words))] = "replacement"
    return [*paragraphs[:index], " ".join(words), *paragraphs[index + 1 :]]


@pytest.mark.parametrize("seed", range(3))
def test_one_word_in_paragraphs_of_100_words_changes_one_chunk(seed: int) -> None:
    choose = random.Random(seed)
    paragraphs = [_words(choose.randrange(92, 109), seed * 100 + index) for index in range(60)]
    before = "\n\n".join(paragraphs)
    for index in range(len(paragraphs)):
        after = "\n\n".join(_with_another_word(paragraphs, index, choose))
        assert _changed(before, after) == 1


@pytest.mark.parametrize("seed", range(3))
def test_one_word_in_paragraphs_of_any_length_changes_1_3_chunks_on_average(seed: int) -> None:
    choose = random.Random(seed)
    paragraphs = [_words(choose.randrange(5, 400), seed * 100 + index) for index in range(60)]
    before = "\n\n".join(paragraphs)
    changed = [
        _changed(before, "\n\n".join(_with_another_word(paragraphs, index, choose)))
        for index in range(len(paragraphs))
    ]
    assert sum(changed) / len(changed) <= 1.3


@pytest.mark.parametrize("length", [15, 40, 70])
def test_a_new_paragraph_at_the_start_leaves_most_chunks(length: int) -> None:
    before = "\n\n".join(_words(length, seed) for seed in range(200))
    assert _changed(before, f"{_words(length, seed=999)}\n\n{before}") <= 6


def test_a_new_sentence_leaves_most_of_a_very_long_paragraph() -> None:
    before = _words(20_000, seed=9)
    assert _changed(before, f"This sentence is new here. {before}") <= 12


def _seconds(body: str) -> float:
    started = time.process_time()
    chunk_body(body)
    return time.process_time() - started


@pytest.mark.parametrize("part", ["#", " ", "`", "a. "])
def test_a_megabyte_of_one_mark_takes_seconds(part: str) -> None:
    assert _seconds(part * (1_000_000 // len(part))) < 5


@pytest.mark.parametrize(
    "part",
    [
        *("~", "=", "|", "a", "1", "a-", "\n", "\t-", "- ", "1. ", "| ", "A! ", '."', "漢。", "a b "),
        *("#\n", "```\n", "- a\n", "a\n=\n", "a\n\n", "x\n\n  ", "|-\n", "=== ", "_ ", "\r"),
    ],
)
def test_time_grows_with_length_alone(part: str) -> None:
    small, large = (part * (length // len(part)) for length in (20_000, 200_000))
    # Quadratic time would be a hundredfold.
    assert _seconds(large) < 40 * _seconds(small) + 0.1


def test_two_megabytes_of_documents_take_less_than_two_seconds() -> None:
    document = "\n\n".join(
        f"## Heading {seed}\n\n{_words(90, seed)}\n\n{_words(250, seed)}\n\n- a\n- b" for seed in range(200)
    )
    body = (document * 10)[:2_000_000]
    assert _seconds(body) < 2
