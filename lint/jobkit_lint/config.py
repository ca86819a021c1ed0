"""Reads the settings: the nearest ``pyproject.toml`` with a ``[tool.jobkit.lint]`` table wins.

A key that does not exist is an error with the nearest one that does: a setting that silently does nothing
is worse than a stop.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from jobkit_lint.errors import ConfigError
from jobkit_lint.settings import Facts, Settings

FAIL_LEVELS = ("error", "warning", "info")


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the known word nearest to `word`, or lists them all if none is near."""
    names = sorted(known)
    matches = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"did you mean `{matches[0]}`?" if matches else f"known are: {', '.join(names)}"


def find_configuration(start: Path) -> Path | None:
    """The nearest ``pyproject.toml`` at or above `start` that has a ``[tool.jobkit.lint]`` table."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        path = candidate / "pyproject.toml"
        if path.is_file() and _table(path) is not None:
            return path
    return None


def load(path: Path) -> Settings:
    """The settings in the file at `path`. Raises `ConfigError` for what cannot be."""
    return convert(_table(path) or {}, str(path))


def convert(table: dict[str, Any], origin: str) -> Settings:
    """The settings in a table that was read from `origin`. Raises `ConfigError` naming file and key."""
    _refuse_unknown(table, Settings, origin, "tool.jobkit.lint")
    facts = table.get("facts")
    if isinstance(facts, dict):
        _refuse_unknown(facts, Facts, origin, "tool.jobkit.lint.facts")
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        reason = str(error).replace("`$.", "`").replace("$", "[tool.jobkit.lint]")
        raise ConfigError(f"{origin}: [tool.jobkit.lint]: {reason}") from error
    if settings.fail_on not in FAIL_LEVELS:
        message = f"`fail-on` is {settings.fail_on!r}, {nearest(settings.fail_on, FAIL_LEVELS)}"
        raise ConfigError(f"{origin}: [tool.jobkit.lint]: {message}")
    if not 0 <= settings.call_depth <= 3:
        message = f"`call-depth` is {settings.call_depth}; it may be 0 to 3"
        raise ConfigError(f"{origin}: [tool.jobkit.lint]: {message}")
    return settings


def _refuse_unknown(table: dict[str, Any], shape: type[msgspec.Struct], origin: str, name: str) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(shape)}
    for key in table:
        if key not in known:
            raise ConfigError(f"{origin}: [{name}] has no key `{key}`: {nearest(key, known)}")


def _table(path: Path) -> dict[str, Any] | None:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error
    tool = content.get("tool")
    jobkit = tool.get("jobkit") if isinstance(tool, dict) else None
    table = jobkit.get("lint") if isinstance(jobkit, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{path}: `tool.jobkit.lint` is {type(table).__name__}; it must be a table")
    return table
