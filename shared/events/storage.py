"""What S3 tells of, through EventBridge."""

from shared.errors import InvalidRequest


def stored_key(event: object) -> str:
    """The key of the object that was stored. Raises InvalidRequest for an event of another kind."""
    match event:
        case {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"object": {"key": str(key)}},
        } if key:
            return key
        case _:
            raise InvalidRequest("The event tells of no object that was stored, as S3 does over EventBridge.")
