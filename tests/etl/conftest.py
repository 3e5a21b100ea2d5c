"""The tiny checkpoint, made once for all tests that only read it."""

from pathlib import Path

import pytest

from tests.etl.tiny import write_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random two-block Llama."""
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
