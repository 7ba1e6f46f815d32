"""AWS's Runtime Interface Emulator: runs a packaged function as Lambda does, without a container."""

import functools
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shared.local.packaging.toolchain import run_uv, runtime_python
from tests.builders.packages import PackagedFunction, lambda_runtime

SAM = "aws-sam-cli==1.170.0"
PATIENCE_SECONDS = 60
_INVOKE = "/2015-03-31/functions/function/invocations"
_FIND = "import pathlib, samcli.local.rapid as r; print(*(pathlib.Path(p) for p in r.__path__))"
# Writes down what Python compiles in order to import it, then runs Lambda's own loop.
_BOOTSTRAP = """
import os, runpy, sys
compiled = os.open(os.environ.pop("COMPILED_FILE"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def audit(event, arguments):
    if event == "compile":
        frame = sys._getframe()
        while frame is not None and frame.f_code.co_name != "source_to_code":
            frame = frame.f_back
        if frame is not None:
            os.write(compiled, f"{arguments[1]}\\n".encode())

sys.addaudithook(audit)
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
"""


@functools.cache
def emulator() -> Path:
    """The emulator's binary, which SAM's command line carries."""
    folder = run_uv("tool", "run", "--from", SAM, "python", "-c", _FIND).strip()
    machine = "arm64" if os.uname().machine in {"arm64", "aarch64"} else "x86_64"
    return Path(folder) / f"aws-lambda-rie-{machine}"


@functools.cache
def base_python() -> Path:
    """The Python of the functions' version that a virtual environment was made from."""
    command = [str(runtime_python()), "-c", "import sys; print(sys._base_executable)"]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


class RunningFunction:
    """A function in the emulator, with nothing to import but its package, its layers and Lambda's runtime.

    Entering it starts the emulator; the first `invoke` starts the function, as a cold start does.
    """

    def __init__(
        self,
        function: PackagedFunction,
        environment: Mapping[str, str],
        *,
        is_watched: bool = True,
    ) -> None:
        """A function that is not watched starts a little faster, and `compiled` stays unknown."""
        self._function = function
        self._environment = environment
        self._is_watched = is_watched
        self._folder = tempfile.TemporaryDirectory(prefix="concord-rie-")
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        folder = Path(self._folder.name)
        (folder / "bootstrap.py").write_text(_BOOTSTRAP)
        self._port, runtime_port = _free_ports()
        command: list[str | Path] = [
            emulator(),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
            *(base_python(), "-S", "-P"),
            *([folder / "bootstrap.py"] if self._is_watched else ["-m", "awslambdaric"]),
            self._function.handler,
        ]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env=self._whole_environment(folder),
                cwd=self._function.task,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_it_listens()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._folder.cleanup()

    def invoke(self, event: object) -> Any:
        """What the function returns, or what Lambda says of it when it fails."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("POST", _INVOKE, json.dumps(event))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    @property
    def log(self) -> str:
        """All that the emulator and the function have printed."""
        return (Path(self._folder.name) / "log").read_text()

    @property
    def compiled(self) -> list[str]:
        """The Python files, but for those of Python itself, that were compiled for an import."""
        lines = (Path(self._folder.name) / "compiled").read_text().splitlines()
        return [line for line in lines if not line.startswith(str(base_python().parents[1] / "lib"))]

    def _whole_environment(self, folder: Path) -> dict[str, str]:
        function = self._function
        paths = [function.task, *(layer / "python" for layer in function.layers), lambda_runtime()]
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COMPILED_FILE": str(folder / "compiled"),
            "LAMBDA_TASK_ROOT": str(function.task),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            **self._environment,
        }

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, self.log
                time.sleep(0.01)
            else:
                return


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
