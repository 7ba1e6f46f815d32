"""The whole API over HTTP, as `concord up` serves it, on a port of this process."""

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from shared.embeddings.local_model_build import ensure_model_files
from shared.local.host import create_application

KEY = "the key of who may do everything"


@dataclass(frozen=True, slots=True)
class ServedApi:
    """`headers` sign a request in."""

    url: str
    headers: dict[str, str]


@contextmanager
def served_api(database_url: str, folder: Path) -> Iterator[ServedApi]:
    """Without a worker: what is written waits, and nothing is fetched from addresses that a caller names."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ADMIN_KEY_HASH", hashlib.sha256(KEY.encode()).hexdigest())
        environment.setenv("DATABASE_URL", database_url)
        environment.setenv("EMBEDDING_MODEL_DIR", str(ensure_model_files()))
        environment.setenv("IMPORT_BUCKET", f"folder:{folder}")
        environment.setenv("KEY_HASH_SECRET", "what stored keys are hashed with")
        environment.delenv("REDIS_URL", raising=False)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            configuration = uvicorn.Config(
                lambda: create_application(with_worker=False),
                factory=True,
                log_level="critical",
                access_log=False,
            )
            server = uvicorn.Server(configuration)
            thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
            thread.start()
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield ServedApi(
                f"http://127.0.0.1:{listener.getsockname()[1]}", {"authorization": f"Bearer {KEY}"}
            )
            server.should_exit = True
            thread.join(timeout=30)
