"""The built local model, once for these tests."""

from pathlib import Path

import pytest

from shared.embeddings.local_model_build import ensure_model_files


@pytest.fixture(scope="session")
def model_directory() -> Path:
    """The folder of the built model; tests that damage one work on a copy."""
    return ensure_model_files()
