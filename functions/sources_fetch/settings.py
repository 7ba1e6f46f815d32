from shared.config import ProcessSettings, StorageSettings
from shared.fetching.settings import FetchSettings


class Settings(ProcessSettings, StorageSettings, FetchSettings):
    """What sources_fetch needs to know: nothing of any database."""
