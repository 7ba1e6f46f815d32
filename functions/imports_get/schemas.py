from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.database.rows import ImportRow
from shared.domain.imports import ItemProblem
from shared.http.import_answers import ImportAnswer


class LineError(BaseModel):
    """Why the item that begins in this line is no document."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    document_id: str | None
    code: str
    message: str


class ImportWithErrors(ImportAnswer):
    """An import and what is wrong with its items; `errors_after` with the last line asks for more."""

    errors: list[LineError]
    more_errors: bool = Field(description="Whether there are more; beyond 10,000 they are counted alone.")

    @classmethod
    def of(cls, found: ImportRow, errors: Sequence[ItemProblem], more: bool) -> Self:
        answer = ImportAnswer.model_validate(found)
        shown = [LineError.model_validate(error) for error in errors]
        return cls(**answer.model_dump(), errors=shown, more_errors=more)
