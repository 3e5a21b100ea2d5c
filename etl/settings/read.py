"""The settings of a pipeline: read from a TOML file, overridden by flags, checked once."""

from __future__ import annotations

import difflib
import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.clusters.methods import combinations
from etl.pruning.patterns import Pattern
from etl.pruning.request import PruningRequest
from etl.settings.keys import KEYS, KEYS_BY_NAME, TABLES, SettingKey
from warehouse.errors import UsageError


class SettingsError(UsageError):
    """A pipeline file or a flag asks for something that does not exist or makes no sense."""


@dataclass(frozen=True)
class Settings:
    """A checked pipeline: every key outside [[prune]] by name, and every run asked for."""

    values: dict[str, Any]
    requests: tuple[PruningRequest, ...]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def read_settings(file: Path | None, flags: dict[str, Any]) -> Settings:
    """Combine a pipeline file (or none) with the flags given; flags win.

    Raises:
        SettingsError: the file cannot be read, or a table, key or value in it does not exist.
        PatternError, PruningRequestError, ClusteringRequestError: a combination that makes no sense.
    """
    tables = _read_file(file) if file else {}
    values = {key.name: key.default for key in KEYS if key.table != "prune"}
    for table in set(TABLES) - {"prune"}:
        values |= _checked(table, tables.get(table, {}))
    given = {name: value for name, value in flags.items() if value is not None}
    prune_flags = _checked("prune", {n: v for n, v in given.items() if KEYS_BY_NAME[n].table == "prune"})
    for name, value in given.items():
        if name not in prune_flags:
            values |= _checked(KEYS_BY_NAME[name].table, {name: value})
    if file and values["db"] and "db" not in given:
        values["db"] = str(file.parent / Path(values["db"]).expanduser())
    prunes = [_checked("prune", table) | prune_flags for table in tables.get("prune", [{}])]
    requests = [request for prune in prunes for request in _requests(prune, values["layers"])]
    combinations(values["algorithm"], values["distance"])
    return Settings(values, tuple(dict.fromkeys(requests)))


def _read_file(file: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"cannot read the pipeline file {file}: {error}"
        raise SettingsError(msg) from error
    for name, value in content.items():
        if name not in TABLES:
            raise SettingsError(_unknown("table", f"[{name}]", name, TABLES))
        expected = list if name == "prune" else dict
        if not isinstance(value, expected):
            brackets = "[[prune]]" if name == "prune" else f"[{name}]"
            msg = f"{file}: {name} must be written as {brackets}"
            raise SettingsError(msg)
    return content


def _checked(table: str, given: dict[str, Any]) -> dict[str, Any]:
    known = {key.name: key for key in KEYS if key.table == table}
    for name in given:
        if name not in known:
            raise SettingsError(_unknown("key", f"{name} in [{table}]", name, tuple(known)))
    return {name: _typed(known[name], value) for name, value in given.items()}


def _typed(key: SettingKey, value: object) -> Any:
    items = value if isinstance(value, list | tuple) else [value]
    if isinstance(value, list | tuple) and not key.many:
        _refuse(key, f"takes one value, not {len(items)}")
    converted = tuple(_item(key, item) for item in items)
    if not converted:
        _refuse(key, "needs at least one value")
    return converted if key.many else converted[0]


def _item(key: SettingKey, item: object) -> object:
    if key.kind is float and isinstance(item, int) and not isinstance(item, bool):
        item = float(item)
    if type(item) is not key.kind:
        names: dict[type, str] = {
            int: "a whole number",
            float: "a number",
            str: "text",
            bool: "true or false",
        }
        _refuse(key, f"must be {names[key.kind]}, not {item!r}")
    if key.choices and item not in key.choices:
        raise SettingsError(_unknown(key.name, f"{item!r}", str(item), key.choices))
    if key.minimum is not None and isinstance(item, int) and item < key.minimum:
        _refuse(key, f"must be at least {key.minimum}, not {item}")
    return item


def _requests(prune: dict[str, Any], layers: tuple[int, ...] | None) -> list[PruningRequest]:
    """Every method × pattern × sparsity of one [[prune]] table.

    A sparsity asked of unstructured runs does not apply to N:M patterns beside them, which fix their own.
    """
    defaults = {key.name: key.default for key in KEYS if key.table == "prune"}
    chosen = defaults | prune
    mixed = "unstructured" in chosen["pattern"]
    requests = []
    for method, pattern in itertools.product(chosen["method"], chosen["pattern"]):
        fixed = Pattern.parse(pattern).implied_sparsity is not None
        asked = chosen["sparsity"] if not fixed or (not mixed and "sparsity" in prune) else (None,)
        requests += [
            PruningRequest.of(
                method,
                sparsity,
                pattern=pattern,
                scope=chosen["scope"],
                layers=tuple(sorted(set(layers))) if layers else None,
                ties=chosen["ties"] if method == "magnitude" else "exact",
                damping=chosen["damping"],
                block_size=chosen["block_size"],
            )
            for sparsity in asked
        ]
    return requests


def _unknown(what: str, shown: str, name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"there is no {what} {shown}; the nearest is {close[0]}"


def _refuse(key: SettingKey, complaint: str) -> None:
    msg = f"{key.name} (in [{key.table}], or {key.flag}) {complaint}"
    raise SettingsError(msg)
