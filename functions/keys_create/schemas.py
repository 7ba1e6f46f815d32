from pydantic import ConfigDict, Field

from shared.http.key_answers import EXAMPLE, KeyAnswer


class NewKeyAnswer(KeyAnswer):
    """A new key. Its text is shown this once; whoever loses it makes another."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**EXAMPLE, "key": "ck_6b1f0c9d2e4a8357_<43 characters>"}]}
    )

    key: str = Field(description="To be sent as `Authorization: Bearer <key>`.")
