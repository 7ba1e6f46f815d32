from pydantic import BaseModel, ConfigDict

from shared.domain.imports import DirtyPolicy


class RetryRequest(BaseModel):
    """How the items that failed are read this time; as before when nothing is said."""

    model_config = ConfigDict(extra="forbid")

    policy: DirtyPolicy | None = None
