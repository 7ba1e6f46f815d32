"""Chooses the storage that the settings ask for."""

from pathlib import Path

from shared.config import StorageSettings
from shared.storage.protocol import ObjectStorage

_FOLDER = "folder:"


def open_storage(settings: StorageSettings) -> ObjectStorage:
    """What IMPORT_BUCKET names: a bucket of S3, or a folder of this machine. Connects at its first use."""
    name = settings.import_bucket or ""
    # Each function pays only for the storage it uses.
    if name.startswith(_FOLDER):
        from shared.storage.folder import FolderStorage  # noqa: PLC0415 - see above

        return FolderStorage(Path(name.removeprefix(_FOLDER)))
    from shared.storage.s3 import S3Storage  # noqa: PLC0415 - see above

    return S3Storage(name)
