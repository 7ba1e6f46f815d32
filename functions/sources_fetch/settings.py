from shared.config import FetchSettings, ProcessSettings, StorageSettings


class Settings(ProcessSettings, StorageSettings, FetchSettings):
    """What sources_fetch needs to know: nothing of any database."""
