"""SAM's own command line, which runs packaged functions in containers of Lambda's image."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.local.packaging.failure import PackagingFailed
from shared.local.packaging.toolchain import run_uv
from tests.builders.containers import ContainersMissingError
from tests.builders.packages import THIS_MACHINE
from tests.builders.runtime_emulator import SAM

LAMBDA_IMAGE = f"public.ecr.aws/lambda/python:3.12-{THIS_MACHINE}"
CONFIG = "infra/sam-local.toml"
SETTINGS = "infra/sam-local.json"
# The functions are in production, where nobody is let in without a key; the configuration has its hash.
KEY = "sam-local"
INVOKE_SECONDS = 120
START_SECONDS = 60


@dataclass(frozen=True)
class Invocation:
    """What a function answered or, with `errorMessage`, how it failed; and what was logged meanwhile."""

    answer: Any
    log: str

    @property
    def status(self) -> int:
        return int(self.answer["statusCode"])

    @property
    def body(self) -> Any:
        return json.loads(self.answer["body"])


@dataclass(frozen=True)
class SamLocal:
    """`sam` in a checkout that has its packages in .build, on the network of a compose project."""

    program: str
    folder: Path
    network: str

    def build(self) -> None:
        """As a developer does first: it takes what `concord package` made, as the template says."""
        self._run("build")

    def invoke(self, function: str, event: Path, **settings: str) -> Invocation:
        """Call a function, by its resource's name, once; `settings` are others than the configured ones."""
        name = f"{function}-{event.stem}"
        done = self._run(
            "local", "invoke", function, "--event", str(event), *self._options(name, settings), may_fail=True
        )
        assert done.stdout.strip(), done.stderr
        return Invocation(json.loads(done.stdout), done.stderr)

    @contextmanager
    def start_api(self, **settings: str) -> Iterator[str]:
        """The address of all functions behind HTTP. Each starts at its first request and stays."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        arguments = ("local", "start-api", "--port", str(port), *self._options(f"api-{port}", settings))
        log = self.folder / f"api-{port}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [self.program, *arguments], cwd=self.folder, env=_environment(), stdout=file, stderr=file
            )
        try:
            _wait_for(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            # It then removes its containers.
            process.terminate()
            process.wait(START_SECONDS)

    def _options(self, name: str, settings: Mapping[str, str]) -> list[str]:
        configured = json.loads((self.folder / SETTINGS).read_text(encoding="utf-8"))
        file = self.folder / f"settings-{name}.json"
        file.write_text(
            json.dumps({"Parameters": {**configured["Parameters"], **settings}}), encoding="utf-8"
        )
        return [
            *("--config-file", CONFIG, "--config-env", THIS_MACHINE),
            *("--docker-network", self.network, "--env-vars", str(file), "--skip-pull-image"),
        ]

    def _run(self, *arguments: str, may_fail: bool = False) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=INVOKE_SECONDS,
        )
        assert may_fail or done.returncode == 0, done.stderr
        return done


def install_sam() -> str:
    """The path of `sam`. Raises ContainersMissingError when it cannot be installed."""
    try:
        return run_uv("tool", "run", "--from", SAM, "python", "-c", _FIND).strip()
    except PackagingFailed as error:
        raise ContainersMissingError(
            f"SAM's command line cannot be installed: {error.message[-500:]}"
        ) from None


_FIND = "import pathlib, sys; print(pathlib.Path(sys.executable).with_name('sam'))"


def _environment() -> dict[str, str]:
    """Without what a developer has set for himself: his accounts, his settings and his .env's."""
    kept = ("DOCKER_HOST", "HOME", "LANG", "PATH", "TMPDIR", "XDG_CACHE_HOME")
    bare = {name: os.environ[name] for name in kept if name in os.environ}
    return {**bare, "SAM_CLI_TELEMETRY": "0", "AWS_EC2_METADATA_DISABLED": "true"}


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/")
        except httpx.TransportError:
            alive = process.poll() is None and time.monotonic() < deadline
            assert alive, log.read_text(encoding="utf-8")
            time.sleep(0.1)
        else:
            return
