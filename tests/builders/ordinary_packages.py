"""Functions that others would deploy, to measure ours beside them: whole packages, with bytecode."""

from pathlib import Path

from shared.local.packaging.toolchain import write_bytecode
from tests.builders.packages import PackagedFunction, installed_packages

_HELLO = """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

@app.get("/hello")
async def hello():
    return {"hello": "world"}

handler = Mangum(app, lifespan="off")
"""
_BARE = """
def handler(event, context):
    return {"statusCode": 200, "body": '{"hello": "world"}'}
"""


def hello_world(folder: Path) -> PackagedFunction:
    """GET /hello with FastAPI and Mangum, of the versions that Concord uses."""
    layer = folder / "layer"
    layer.mkdir()
    (layer / "python").symlink_to(installed_packages("hello-world", ["fastapi", "mangum"], "/opt/python"))
    return _function("hello", folder, _HELLO, (layer,))


def bare_handler(folder: Path) -> PackagedFunction:
    """A handler that imports nothing."""
    return _function("bare", folder, _BARE, ())


def _function(name: str, folder: Path, source: str, layers: tuple[Path, ...]) -> PackagedFunction:
    task = folder / name
    task.mkdir()
    (task / f"{name}.py").write_text(source)
    write_bytecode(task, "/var/task")
    return PackagedFunction(name, f"{name}.handler", task, layers)
