from shared.config import DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings):
    """What aliases_list needs to know."""
