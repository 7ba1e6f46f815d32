from datetime import datetime

from pydantic import BaseModel, Field

from shared.http.export_answers import ExportAnswer


class DownloadAnswer(BaseModel):
    """Whoever has the address may GET the bundle there until it expires: NDJSON in gzip."""

    url: str
    expires_at: datetime


class ExportWithDownload(ExportAnswer):
    """An export, and where its bundle is."""

    download: DownloadAnswer | None = Field(description="None until it is complete, and when it is expired.")
