"""The message that asks for the embeddings of documents just written."""

import json
from dataclasses import dataclass

from shared.errors import InvalidRequest

# Ten messages of this size are still one batch of SQS (256 KiB).
MOST_DOCUMENTS_IN_A_REQUEST = 1000


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """Documents of one collection whose chunks wait for their vectors.

    Between 1 and 1,000 documents, by number, as are collections: whole numbers above 0. Anything
    else raises InvalidRequest.
    """

    collection_id: int
    document_numbers: tuple[int, ...]

    def __post_init__(self) -> None:
        if not _is_number(self.collection_id) or not all(map(_is_number, self.document_numbers)):
            raise InvalidRequest("Collections and documents are whole numbers above 0.")
        if not 1 <= len(self.document_numbers) <= MOST_DOCUMENTS_IN_A_REQUEST:
            raise InvalidRequest(f"An embed request names 1 to {MOST_DOCUMENTS_IN_A_REQUEST} documents.")

    def to_message(self) -> str:
        """The message's body: `{"collection_id": 1, "document_numbers": [2, 3]}`."""
        return json.dumps(
            {"collection_id": self.collection_id, "document_numbers": self.document_numbers},
            separators=(",", ":"),
        )

    @classmethod
    def from_message(cls, body: str) -> "EmbedRequest":
        """Read a message's body. Raises InvalidRequest, which does not quote it."""
        try:
            fields = json.loads(body)
        except ValueError:
            raise InvalidRequest("The embed request is not JSON.") from None
        match fields:
            case {"collection_id": collection_id, "document_numbers": [*numbers], **rest} if not rest:
                return cls(collection_id, tuple(numbers))
            case _:
                raise InvalidRequest("An embed request is an object of collection_id and document_numbers.")


def _is_number(value: object) -> bool:
    # A bool is an int to Python; JSON's true is no number.
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
