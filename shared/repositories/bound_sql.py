"""SQL text of our own with a caller's values as bound parameters."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class BoundSql:
    """Part of a statement, and its parameters, whose names all begin with `prefix`."""

    prefix: str
    text: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: object) -> str:
        """The placeholder of a new parameter."""
        name = f"{self.prefix}_{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"
