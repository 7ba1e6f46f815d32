from hypothesis import given
from hypothesis import strategies as st

from shared.chunking.bodies import LONGEST_WHOLE_TOKENS, chunk_as
from shared.chunking.markdown import chunk_body
from shared.chunking.token_estimate import estimate_tokens
from shared.domain.chunks import Chunk, Chunking
from shared.domain.documents import DocumentInput, hash_document

SECTIONS = "\n\n# Rivers\n\nThey flow.\n\n# Hills\n\nThey stand.\n"


def test_sections_are_chunks_of_their_own_by_default() -> None:
    assert chunk_as(Chunking.HEADINGS, SECTIONS) == chunk_body(SECTIONS)
    assert [chunk.heading_path for chunk in chunk_body(SECTIONS)] == [("Rivers",), ("Hills",)]


def test_a_whole_body_is_one_chunk_without_the_white_space_around_it() -> None:
    end = len(SECTIONS)
    assert chunk_as(Chunking.WHOLE, SECTIONS) == [Chunk(0, 2, end - 1, end)]


@given(st.text(alphabet=" \n\t\u2003"))
def test_white_space_has_no_chunk(body: str) -> None:
    assert chunk_as(Chunking.WHOLE, body) == []


def test_what_no_model_reads_whole_is_cut_at_its_headings() -> None:
    whole = "word " * LONGEST_WHOLE_TOKENS
    within = whole[: len(whole) // 2]
    assert estimate_tokens(within) < LONGEST_WHOLE_TOKENS < estimate_tokens(whole + "one more")
    assert len(chunk_as(Chunking.WHOLE, within)) == 1
    assert chunk_as(Chunking.WHOLE, whole + "one more") == chunk_body(whole + "one more")


def test_a_document_is_another_one_for_another_chunking() -> None:
    document = DocumentInput(id="a", title="A", body="b")
    by_headings, whole = (hash_document(document, chunking) for chunking in Chunking)
    assert {*by_headings}.isdisjoint(whole)


def test_hashes_are_those_that_are_stored() -> None:
    """Of a release before: another hash would embed every document again."""
    document = DocumentInput(id="a", title="A", body="b", url="u", metadata={"z": 1, "y": ["ü"]})
    content, text = hash_document(document, Chunking.HEADINGS)
    assert (content.hex(), text.hex()) == (
        "a71f55358329dac03bb6fec0c5aea643",
        "33969351cfd71f6a102faf365e257ab0",
    )


def test_no_chunk_goes_on_to_the_next_page() -> None:
    pages = [
        "# Piers\n\nThere are three.\n\n",
        "Lanterns are lit at dusk.\n\n# Ships\n\n",
        "They leave on Mondays.",
    ]
    starts = [0, len(pages[0]), len(pages[0]) + len(pages[1])]
    body = "".join(pages)
    chunks = chunk_as(Chunking.HEADINGS, body, starts)
    assert [(chunk.page, body[chunk.start : chunk.end], chunk.heading_path) for chunk in chunks] == [
        (1, "# Piers\n\nThere are three.", ("Piers",)),
        (2, "Lanterns are lit at dusk.", ("Piers",)),
        # A heading that ends a page stands with what it is the heading of.
        (2, "# Ships\n\nThey leave on Mondays.", ("Ships",)),
    ]


def test_a_block_over_the_end_of_a_page_stays_together() -> None:
    body = "One line\nand another.\n\nMore."
    chunks = chunk_as(Chunking.HEADINGS, body, [0, 9])
    assert [(chunk.page, body[chunk.start : chunk.end]) for chunk in chunks] == [
        (1, "One line\nand another."),
        (2, "More."),
    ]
