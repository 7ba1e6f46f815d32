from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.domain.imports import (
    MAX_FILE_BYTES,
    MAX_IMPORT_BYTES,
    DirtyPolicy,
    ImportFormat,
    ImportOptions,
)
from shared.domain.texts import storable_text
from shared.http.import_answers import ImportAnswer
from shared.services.create_import import NewImport, Upload

type ShortText = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(storable_text)]


class ImportRequest(BaseModel):
    """What is to be imported. Without `content` the answer says where to upload it."""

    model_config = ConfigDict(extra="forbid")

    format: ImportFormat = Field(description="Many documents in lines or rows, or one in a file.")
    name: ShortText | None = Field(default=None, examples=["guides/first-steps.pdf"])
    policy: DirtyPolicy = DirtyPolicy.REJECT
    dry_run: bool = Field(default=False, description="Count what would happen, and store nothing.")
    id_field: ShortText | None = Field(default=None, examples=["sku"])
    size: int | None = Field(default=None, ge=0, le=MAX_IMPORT_BYTES, description="Bytes of the upload.")
    content: Annotated[str, AfterValidator(storable_text)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.content is not None and self.size is not None:
            raise ValueError("size is that of an upload; leave it out beside content")
        if self.format is ImportFormat.FILE:
            if self.name is None:
                raise ValueError("name the file, from whose name its document's id is made")
            if (self.size or 0) > MAX_FILE_BYTES:
                raise ValueError(f"size: a file may have {MAX_FILE_BYTES:,} bytes; divide it into several")
        return self

    def asked(self) -> NewImport:
        content = None if self.content is None else self.content.encode()
        options = ImportOptions(self.policy, self.id_field)
        name = self.name or f"import.{self.format}"
        return NewImport(self.format, name, options, self.dry_run, self.size, content)


class UploadAnswer(BaseModel):
    """Send the bytes there, with these headers, before it expires; the import begins when they are there."""

    url: str
    method: Literal["PUT"] = "PUT"
    headers: dict[str, str]
    expires_at: datetime

    @classmethod
    def of(cls, upload: Upload, url: str) -> Self:
        return cls(url=url, headers=upload.headers, expires_at=upload.expires_at)


class CreatedImport(BaseModel):
    import_: ImportAnswer = Field(alias="import", serialization_alias="import")
    upload: UploadAnswer | None
