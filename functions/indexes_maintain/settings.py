from shared.config import DatabaseSettings, ProcessSettings


class Settings(ProcessSettings, DatabaseSettings):
    """What indexes_maintain needs to know."""
