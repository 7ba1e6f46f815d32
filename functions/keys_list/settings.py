from shared.config import DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings):
    """What keys_list needs to know."""
