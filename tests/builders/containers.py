"""This machine's container engine, and docker-compose.yml as a project of its own on it."""

import json
import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).parents[2]
# Makes stand-ins for the base images where they cannot be pulled; CI may have it.
BASES_SCRIPT = ROOT.parent / "shared" / "tools" / "container-bases.sh"
BASE_IMAGES = (
    "ghcr.io/astral-sh/uv:latest",
    "pgvector/pgvector:pg18",
    "python:3.12-slim",
    "redis:7-alpine",
)
# What docker-compose.yml and the images need of a checkout; a developer's .env is not part of it.
CHECKOUT = (
    "LICENSE",
    "README.md",
    "docker-compose.yml",
    "functions",
    "infra",
    "prisma/migrations",
    "pyproject.toml",
    "shared",
    "template.yaml",
    "uv.lock",
)
COMMAND_SECONDS = 60
BUILD_SECONDS = 600
HEALTH_SECONDS = 90


class ContainersMissingError(Exception):
    """Why no containers can be run here."""


@dataclass(frozen=True)
class ContainerEngine:
    """A container engine that answers, and the commands to talk to it."""

    docker: str
    compose: tuple[str, ...]

    def run(
        self,
        *command: str,
        folder: Path = ROOT,
        environment: dict[str, str] | None = None,
        seconds: float = COMMAND_SECONDS,
    ) -> str:
        """Run a command and return what it printed; what it said is in the error when it fails."""
        # The older Compose builds with the `docker` that it finds first.
        path = f"{Path(self.docker).parent}{os.pathsep}{os.environ['PATH']}"
        buildkit = {"DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **buildkit, "PATH": path, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def inspect(self, *names: str) -> list[dict[str, Any]]:
        """What the engine says of containers or images."""
        described: list[dict[str, Any]] = json.loads(self.run(self.docker, "inspect", *names))
        return described


@dataclass(frozen=True)
class ComposeProject:
    """docker-compose.yml, up under a name and in a copied checkout of its own."""

    engine: ContainerEngine
    name: str
    folder: Path

    @property
    def network(self) -> str:
        return self.name

    def compose(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> str:
        # An empty value is the default; port 0 is one that is free.
        read = re.findall(r"\$\{(\w+)", (self.folder / "docker-compose.yml").read_text(encoding="utf-8"))
        environment = {
            **dict.fromkeys(read, ""),
            "COMPOSE_FILE": "docker-compose.yml",
            "COMPOSE_PROJECT_NAME": self.name,
            "CONCORD_NETWORK": self.network,
            "CONCORD_PORT": "0",
            "CONCORD_AWS_PORT": "0",
        }
        return self.engine.run(
            *self.engine.compose, *arguments, folder=self.folder, environment=environment, seconds=seconds
        )

    def address(self, service: str, port: int) -> str:
        """Where this machine reaches a port of a service."""
        return f"http://{self.compose('port', service, str(port)).strip()}"

    def aws_client(self, service: str) -> Any:
        """boto3's client of the service, in the container that stands in for AWS."""
        session = boto3.session.Session("any", "any", region_name="us-east-1")
        return session.client(service, endpoint_url=self.address("aws", 4566))  # type: ignore[call-overload]

    def inspect(self, *services: str) -> list[dict[str, Any]]:
        """What the engine says of the services' containers, by default of all, those that have ended too."""
        return self.engine.inspect(*self.compose("ps", "--all", "--quiet", *services).split())

    def execute(self, service: str, *command: str, **environment: str) -> str:
        """Run a command in a service's container."""
        variables = [argument for pair in environment.items() for argument in ("-e", "=".join(pair))]
        return self.compose("exec", "-T", *variables, service, *command)

    def start(self) -> None:
        """Build, start and wait until all is healthy; the containers' logs are in the error when it fails."""
        try:
            self.compose("up", "--detach", "--build", seconds=BUILD_SECONDS)
        except AssertionError as error:
            error.add_note(self.compose("logs", "--no-color")[-4000:])
            raise
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + HEALTH_SECONDS
        while waiting := [found["Name"] for found in self.inspect() if not _is_healthy(found)]:
            assert time.monotonic() < deadline, f"{waiting}\n{self.compose('logs', '--no-color')[-4000:]}"
            time.sleep(0.5)


@contextmanager
def compose_project(engine: ContainerEngine, folder: Path) -> Iterator[ComposeProject]:
    """A project that is up and healthy, from a copy of this checkout in `folder`; gone afterwards."""
    for name in CHECKOUT:
        _copy(ROOT / name, folder / name)
    project = ComposeProject(engine, f"concord-{uuid.uuid4().hex[:8]}", folder)
    try:
        project.start()
        yield project
    finally:
        project.compose("down", "--volumes", "--remove-orphans", "--rmi", "local")


def find_container_engine(*images: str) -> ContainerEngine:
    """The engine and the base images, which are pulled when missing; on CI the script makes both.

    `images` are wanted beside BASE_IMAGES. Raises ContainersMissingError.
    """
    if os.environ.get("CI") == "true" and BASES_SCRIPT.exists() and os.geteuid() == 0:
        subprocess.run([BASES_SCRIPT], check=True, timeout=BUILD_SECONDS)
    # Where the system's own package is installed, its parts fit together.
    docker = shutil.which("docker", path=f"/usr/bin{os.pathsep}{os.environ['PATH']}")
    if docker is None or not _succeeds(docker, "info"):
        raise ContainersMissingError("no container engine answers to `docker info`")
    compose: tuple[str, ...] = (docker, "compose")
    if not _succeeds(*compose, "version"):
        older = shutil.which("docker-compose")
        if older is None:
            raise ContainersMissingError("neither `docker compose` nor `docker-compose` is installed")
        compose = (older,)
    for image in (*BASE_IMAGES, *images):
        if not _succeeds(docker, "image", "inspect", image) and not _succeeds(docker, "pull", image):
            raise ContainersMissingError(f"the image {image} is not here and cannot be pulled")
    return ContainerEngine(docker, compose)


def _succeeds(*command: str) -> bool:
    done = subprocess.run(command, capture_output=True, check=False, timeout=BUILD_SECONDS)
    return done.returncode == 0


def _is_healthy(container: dict[str, Any]) -> bool:
    """Up and healthy; or over without an error, where it is made to end."""
    state = container["State"]
    if "Health" in state:
        return bool(state["Health"]["Status"] == "healthy")
    return bool(state["Status"] == "exited" and state["ExitCode"] == 0)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)
