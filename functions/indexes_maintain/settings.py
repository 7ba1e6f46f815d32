from shared.config import DatabaseSettings, ProcessSettings, RetentionSettings


class Settings(ProcessSettings, DatabaseSettings, RetentionSettings):
    """What indexes_maintain needs to know."""
