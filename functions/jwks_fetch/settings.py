from shared.config import KeySetQueueSettings, KeySetSettings, ProcessSettings
from shared.fetching.settings import FetchSettings


class Settings(ProcessSettings, KeySetSettings, KeySetQueueSettings, FetchSettings):
    """What jwks_fetch needs to know: nothing of any database."""
