from shared.config import PublicSettings


class Settings(PublicSettings):
    """What health_get needs to know: nothing of the database, so that asking does not wake it."""
