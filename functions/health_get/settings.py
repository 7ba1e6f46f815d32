from shared.config import HttpSettings


class Settings(HttpSettings):
    """What health_get needs to know: nothing of the database, so that asking does not wake it."""
