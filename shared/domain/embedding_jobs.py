"""The message that asks for the embeddings of documents just written."""

import json
from dataclasses import dataclass

from shared.domain.correlation import is_correlation_id
from shared.errors import InvalidRequest

# Ten messages of this size are still one batch of SQS (256 KiB).
MOST_DOCUMENTS_IN_A_REQUEST = 1000


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """Documents of one collection whose chunks wait for their vectors.

    Up to 1,000 documents, by number, as are collections: whole numbers above 0; one without documents
    wakes a worker, who looks for whatever is due. The
    `correlation_id` is that of the write. Anything else raises InvalidRequest.
    """

    collection_id: int
    document_numbers: tuple[int, ...]
    correlation_id: str | None = None

    def __post_init__(self) -> None:
        if not _is_number(self.collection_id) or not all(map(_is_number, self.document_numbers)):
            raise InvalidRequest("Collections and documents are whole numbers above 0.")
        if len(self.document_numbers) > MOST_DOCUMENTS_IN_A_REQUEST:
            raise InvalidRequest(f"An embed request names at most {MOST_DOCUMENTS_IN_A_REQUEST} documents.")
        if self.correlation_id is not None and not is_correlation_id(self.correlation_id):
            raise InvalidRequest("The correlation_id of an embed request is malformed.")

    def to_message(self) -> str:
        """The message's body: `{"collection_id": 1, "document_numbers": [2, 3], "correlation_id": "…"}`."""
        fields = {
            "collection_id": self.collection_id,
            "document_numbers": self.document_numbers,
            "correlation_id": self.correlation_id,
        }
        known = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(known, separators=(",", ":"))

    @classmethod
    def from_message(cls, body: str) -> "EmbedRequest":
        """Read a message's body. Raises InvalidRequest, which does not quote it."""
        try:
            fields = json.loads(body)
        except ValueError:
            raise InvalidRequest("The embed request is not JSON.") from None
        match fields:
            case {"collection_id": collection_id, "document_numbers": [*numbers], **rest} if (
                not rest.keys() - {"correlation_id"}
            ):
                return cls(collection_id, tuple(numbers), fields.get("correlation_id"))
            case _:
                raise InvalidRequest("An embed request is an object of collection_id and document_numbers.")


def _is_number(value: object) -> bool:
    # A bool is an int to Python; JSON's true is no number.
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
