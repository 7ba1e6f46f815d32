from shared.config import HttpSettings


class Settings(HttpSettings):
    """What openapi_get needs to know."""
