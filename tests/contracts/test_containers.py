"""docker-compose.yml, the images and the dev container agree with the checkout and with each other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILES = sorted((ROOT / "infra").glob("*.Dockerfile"))
INTERPOLATED = re.compile(r"\$\{(\w+):-[^}]*\}")
# The stack itself says where its database and cache are; the queue and the model are the app's own.
SET_BY_THE_STACK = {
    "DATABASE_PREPARED_STATEMENTS",
    "DATABASE_URL",
    "EMBEDDING_MODEL_DIR",
    "EMBEDDING_NEXT_MODEL_DIR",
    "EMBED_QUEUE_URL",
    "REDIS_URL",
}
# These mean something on AWS, or where a laptop builds the model and keeps files.
NOT_IN_THE_STACK = {
    "ALLOWED_HOSTS",
    "CONCORD_CACHE_DIR",
    "DATABASE_CLOSE_AFTER_EVENT",
    "DATABASE_ENDPOINT",
    "DATABASE_IAM_ROLES",
    "DATABASE_IAM_USER",
    "DATABASE_MIGRATION_URL",
    "DATABASE_READER_URL",
    "DATABASE_RESUME_SECONDS",
    "DATABASE_ROLE_SECRET_ARNS",
    "DATABASE_SECRET_ARN",
    "FETCH_ALLOW_PRIVATE",
    "FETCH_QUEUE_URL",
    "IMPORT_BUCKET",
    "JWKS_QUEUE_URL",
    "MAINTAIN_QUEUE_URL",
    "USAGE_QUEUE_URL",
    "OPENAI_SECRET_ARN",
    "REDIS_SECRET_ARN",
    "TLS_CA_FILE",
    "TLS_UNVERIFIED",
}


def read_compose(path: str = "docker-compose.yml") -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    return parsed


def settings() -> set[str]:
    example = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return {line.removesuffix("=") for line in example if line.endswith("=")}


@pytest.mark.parametrize("service", ["app", "migrate"])
def test_every_setting_that_means_something_there_comes_from_the_environment(service: str) -> None:
    environment = read_compose()["services"][service]["environment"]
    assert set(environment) <= settings()
    passed = {name for name, value in environment.items() if INTERPOLATED.fullmatch(value)}
    assert passed == settings() - SET_BY_THE_STACK - NOT_IN_THE_STACK


def test_nothing_has_to_be_set() -> None:
    for path in ("docker-compose.yml", ".devcontainer/docker-compose.yml"):
        text = (ROOT / path).read_text(encoding="utf-8")
        assert re.findall(r"\$\{[^}]*\}?", text) == [match[0] for match in INTERPOLATED.finditer(text)]


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = [port for service in read_compose()["services"].values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_every_service_that_stays_up_tells_whether_it_is_healthy() -> None:
    services = read_compose()["services"]
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"migrate"}
    awaited = {
        (waiting, awaited, requirement["condition"])
        for waiting, service in services.items()
        for awaited, requirement in service.get("depends_on", {}).items()
    }
    assert awaited == {
        ("migrate", "postgres", "service_healthy"),
        ("app", "migrate", "service_completed_successfully"),
        ("app", "redis", "service_healthy"),
    }


def test_what_is_mounted_is_what_the_image_has_and_cannot_be_written() -> None:
    copied = {source for source, _ in copies(ROOT / "infra" / "app.Dockerfile")}
    for volume in read_compose()["services"]["app"]["volumes"]:
        source, target, mode = volume.split(":")
        assert source.removeprefix("./") in copied
        assert target == f"/app/{source.removeprefix('./')}"
        assert mode == "ro"


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_has_every_file_that_it_copies_and_no_privileges(path: Path) -> None:
    ignore = path.with_name(f"{path.name}.dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignore[1] == "*"
    sent = {line[1:] for line in ignore if line.startswith("!")}
    sources = {source for source, _ in copies(path)}
    assert [source for source in sources if not (ROOT / source).exists()] == []
    # A part of a folder may be copied for a stage of its own.
    assert sent == {source for source in sources if not any(f"{other}/" in source for other in sources)}
    lines = path.read_text(encoding="utf-8").splitlines()
    final = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert [line for line in final if line.startswith("USER ")] == ["USER 1000"]
    # A frontend would have to be pulled before anything is built.
    assert not any(line.startswith("# syntax=") for line in lines)


def copies(dockerfile: Path) -> list[tuple[str, str]]:
    """The files and folders of the checkout that the image is made from, and where they go."""
    return [
        (source, line.split()[-1])
        for line in dockerfile.read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]


def test_the_dev_container_stands_on_the_same_file() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    files = [ROOT / ".devcontainer" / name for name in container["dockerComposeFile"]]
    assert [file.resolve().relative_to(ROOT).as_posix() for file in files] == [
        "docker-compose.yml",
        ".devcontainer/docker-compose.yml",
    ]
    stack, added = read_compose(), read_compose(".devcontainer/docker-compose.yml")
    ((name, workspace),) = added["services"].items()
    assert (container["service"], name in stack["services"]) == (name, False)
    assert set(container["runServices"]) == set(workspace["depends_on"])
    assert all("healthcheck" in stack["services"][service] for service in workspace["depends_on"])
    assert workspace["volumes"] == [f".:{container['workspaceFolder']}"]
    for setting in ("DATABASE_PREPARED_STATEMENTS", "DATABASE_URL", "REDIS_URL"):
        assert workspace["environment"][setting] == stack["services"]["app"]["environment"][setting]
    assert added["networks"]["default"]["name"] not in stack["networks"]["default"]["name"]
