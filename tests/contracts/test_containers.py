"""docker-compose.yml sets what exists, and opens nothing to the network."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return parsed


def test_what_is_set_are_settings() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    settings = {line.removesuffix("=") for line in example if line.endswith("=")}
    for name in ("app", "migrate"):
        assert set(compose()["services"][name]["environment"]) - settings == set()


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = [port for service in compose()["services"].values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_image_has_every_file_that_it_copies() -> None:
    dockerfile = (ROOT / "infra" / "app.Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {
        source
        for line in dockerfile
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    ignore = (ROOT / "infra" / "app.Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == copied
    assert [source for source in copied if not (ROOT / source).exists()] == []
