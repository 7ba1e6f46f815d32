"""How much may be used in a day of UTC."""

from pydantic import Field

from shared.config import RedisSettings


class BudgetSettings(RedisSettings):
    """Counted in Redis; without one in the table of usage, which processes look at every 30 seconds."""

    searches_per_day: int | None = Field(
        default=None, ge=1, description="searches of one principal in a day; without it any number"
    )
    embedded_tokens_per_day: int | None = Field(
        default=None, ge=1, description="tokens of one principal's queries embedded in a day"
    )
    deployment_searches_per_day: int | None = Field(
        default=None, ge=1, description="searches of all principals together in a day"
    )
    deployment_embedded_tokens_per_day: int | None = Field(
        default=None, ge=1, description="tokens of all principals' queries embedded in a day"
    )
