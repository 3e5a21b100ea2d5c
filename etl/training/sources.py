"""The training corpus: the running interpreter's standard library and permissively licensed packages."""

import hashlib
import importlib.metadata
import platform
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path, PurePath

from etl.model.corpus import (
    HELD_OUT_MODULES,
    CorpusError,
    held_out_files,
    read_source,
    standard_library,
    training_files,
)
from etl.training.overlap import is_named_after, repeats, shingles

# Distributions under MIT, BSD, Apache-2.0, PSF or HPND terms; those not installed are skipped.
PACKAGES = (
    "accelerate", "aiohttp", "botorch", "click", "contourpy", "cupy-cuda13x", "diffrax", "e3nn",
    "einops", "equinox", "flax", "fonttools", "fsspec", "gpytorch", "h5py", "httpx",
    "huggingface-hub", "jax", "jinja2", "joblib", "lightning", "linear-operator", "lineax",
    "llvmlite", "markdown", "markdown-it-py", "matplotlib", "mpmath", "networkx", "numba", "numpy",
    "numpyro", "onnx", "onnxruntime", "onnxscript", "optax", "optimistix", "orbax-checkpoint",
    "packaging", "pandas", "patsy", "peft", "pillow", "pip", "pyarrow", "pygments", "pytest",
    "requests", "rich", "safetensors", "scikit-image", "scikit-learn", "scipy", "seaborn",
    "sentence-transformers", "setuptools", "statsmodels", "sympy", "tensorboard", "timm", "torch",
    "torch-geometric", "torchmetrics", "torchvision", "transformers", "triton", "typer", "urllib3",
    "werkzeug", "wheel", "xarray",
)  # fmt: skip

_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
# Longer files are generated tables, not written code.
_MAX_CHARACTERS = 400_000


@dataclass
class Origin:
    """What one distribution (or the standard library) contributed to the corpus."""

    name: str
    version: str
    licence: str
    files: int = 0
    characters: int = 0
    excluded_overlaps: list[str] = field(default_factory=list)


@dataclass
class Corpus:
    """Training texts, stdlib first, with their provenance; held-out texts in sorted order."""

    stdlib: list[str]
    packages: list[str]
    held_out: list[str]
    origins: list[Origin]

    def provenance(self) -> dict[str, object]:
        """Return a JSON-ready record of where the text came from."""
        return {
            "held_out_modules": list(HELD_OUT_MODULES),
            "origins": [asdict(origin) for origin in self.origins],
        }


def collect(cap_characters: int, workers: int) -> Corpus:
    """Read the corpus: the library, and at most `cap_characters` per package, so that none dominates."""
    held_out = [read_source(path) for path in held_out_files()]
    forbidden = set().union(*map(shingles, held_out))
    seen: set[str] = set()
    texts: list[list[str]] = []
    origins: list[Origin] = []
    with ProcessPoolExecutor(workers) as pool:
        for origin, files in _candidates():
            readings = pool.map(partial(_read, forbidden=forbidden), files, chunksize=64)
            cap = cap_characters if origins else sys.maxsize
            texts.append(_accept(origin, files, readings, seen, cap))
            origins.append(origin)
    return Corpus(texts[0], [text for package in texts[1:] for text in package], held_out, origins)


def _candidates() -> Iterator[tuple[Origin, list[Path]]]:
    root = standard_library()
    yield (
        _stdlib_origin(),
        [p for p in training_files() if not is_named_after(p.relative_to(root), HELD_OUT_MODULES)],
    )
    for name in PACKAGES:
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        yield _package_origin(distribution), _package_files(distribution)


def _stdlib_origin() -> Origin:
    return Origin("CPython standard library", platform.python_version(), "PSF-2.0")


def _package_origin(distribution: importlib.metadata.Distribution) -> Origin:
    metadata = distribution.metadata.json
    stated = [str(metadata[key]) for key in ("license_expression", "license") if metadata.get(key)]
    classifiers = [c.rsplit(" :: ", 1)[-1] for c in metadata.get("classifier", []) if c.startswith("License")]
    licence = "; ".join(classifiers) or "; ".join(stated) or "not stated"
    # Some packages put the whole licence text in the field; its first line names it.
    return Origin(str(metadata["name"]), distribution.version, licence.splitlines()[0][:80])


def _package_files(distribution: importlib.metadata.Distribution) -> list[Path]:
    """Return the distribution's own non-test Python files in an order independent of path prefixes."""
    files = []
    for entry in distribution.files or []:
        inside = PurePath(entry)
        is_test = _TEST_FOLDERS.intersection(inside.parts) or inside.name.startswith("test_")
        if inside.suffix == ".py" and not is_test and not is_named_after(inside, HELD_OUT_MODULES):
            files.append(
                (hashlib.sha256(str(inside).encode()).digest(), Path(str(distribution.locate_file(entry))))
            )
    return [path for _, path in sorted(files)]


def _read(path: Path, forbidden: set[str]) -> tuple[str, bool]:
    """Return one file's text ("" if unusable) and whether it repeats held-out text."""
    try:
        text = read_source(path)
    except CorpusError:
        # Packages ship a few templates and syntax-error samples with a .py suffix.
        return "", False
    return text, repeats(text, forbidden)


def _accept(
    origin: Origin, files: list[Path], readings: Iterator[tuple[str, bool]], seen: set[str], cap: int
) -> list[str]:
    """Keep the texts that are new, of normal length and free of held-out code, up to `cap` characters."""
    kept = []
    for path, (text, is_overlap) in zip(files, readings, strict=True):
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
        if is_overlap:
            origin.excluded_overlaps.append("/".join(path.parts[-3:]))
        elif 0 < len(text) <= _MAX_CHARACTERS and digest not in seen and origin.characters + len(text) <= cap:
            seen.add(digest)
            kept.append(text)
            origin.files += 1
            origin.characters += len(text)
    return kept
