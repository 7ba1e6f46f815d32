from shared.config import PublicSettings


class Settings(PublicSettings):
    """What openapi_get needs to know."""
