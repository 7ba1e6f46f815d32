from shared.config import DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings):
    """What keys_revoke needs to know."""
