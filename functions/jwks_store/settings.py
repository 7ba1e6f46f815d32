from shared.config import DatabaseSettings, IssuerSettings, ProcessSettings


class Settings(ProcessSettings, DatabaseSettings, IssuerSettings):
    """What jwks_store needs to know."""
