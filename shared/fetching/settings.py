"""Settings of what fetches from the web."""

from pydantic import Field

from shared.config import SettingsGroup


class FetchSettings(SettingsGroup):
    fetch_allow_private: bool = Field(
        default=False,
        description="dangerous: fetch from private addresses and any port too, for tests and networks"
        " where nothing needs protection",
    )
