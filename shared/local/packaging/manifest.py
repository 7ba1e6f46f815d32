"""What was packaged the last time: `manifest.json` in the output folder."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from shared.local.packaging.folders import Contents

_FILE = "manifest.json"


@dataclass(slots=True)
class Manifest:
    """The contents of every package, and for each layer the key of what it was made from."""

    functions: dict[str, Contents] = field(default_factory=dict)
    layers: dict[str, Contents] = field(default_factory=dict)
    layer_keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, output: Path) -> Self:
        """The last run's; an empty one when there is none that can be read."""
        try:
            read = json.loads((output / _FILE).read_bytes())
            return cls(_contents(read["functions"]), _contents(read["layers"]), read["layer_keys"])
        except (OSError, ValueError, LookupError, TypeError):
            return cls()

    def write(self, output: Path) -> None:
        text = json.dumps(asdict(self), indent=1, sort_keys=True)
        (output / _FILE).write_text(f"{text}\n", encoding="utf-8")


def _contents(read: dict[str, Any]) -> dict[str, Contents]:
    return {name: Contents(**contents) for name, contents in read.items()}
