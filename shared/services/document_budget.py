"""What workers may embed of documents in a day of UTC, for all who write them together."""

from collections import Counter
from collections.abc import Iterable, Mapping

from shared.chunking.token_estimate import estimate_tokens
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.usage import today
from shared.repositories.embedding_jobs import DocumentKey, UnembeddedChunk, document_key
from shared.repositories.usage import document_tokens_of_day

# The reason of documents that wait; it goes with the first claim on the next day.
WAITS_FOR_BUDGET = "Tokens of documents are used up for today; embedding goes on after midnight UTC."


class DocumentBudget:
    """Counted in the transactions that store the vectors, so that it needs no Redis and forgets nothing.

    Each worker that is under way may pass it by one step.
    """

    def __init__(self, tokens_per_day: int | None) -> None:
        self._tokens_per_day = tokens_per_day

    async def is_used_up(self, database: Database, principal: Principal) -> bool:
        if self._tokens_per_day is None:
            return False
        async with database.unit_of_work(principal) as unit:
            return await document_tokens_of_day(unit, today()) >= self._tokens_per_day


WITHOUT_LIMIT = DocumentBudget(None)


def tokens_by_writer(
    chunks: Iterable[UnembeddedChunk], writers: Mapping[DocumentKey, str], *, otherwise: str
) -> dict[str, int]:
    """Estimated, for the writer of each chunk's document or, where that is not known, for `otherwise`."""
    tokens: Counter[str] = Counter()
    for chunk in chunks:
        tokens[writers.get(document_key(chunk), otherwise)] += estimate_tokens(chunk.embedded_text)
    return dict(tokens)
