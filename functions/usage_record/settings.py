from shared.config import DatabaseSettings, ProcessSettings


class Settings(ProcessSettings, DatabaseSettings):
    """What usage_record needs to know."""
