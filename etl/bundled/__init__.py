"""The bundled language model: a Hugging Face checkpoint folder (see docs/bundled-model.md)."""

from pathlib import Path

MODEL_PATH = Path(__file__).parent
