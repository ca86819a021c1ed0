"""Reads the settings: the nearest ``pyproject.toml`` with a ``[tool.jobkit.lint]`` table wins.

A key that does not exist is an error with the nearest one that does: a setting that silently does nothing
is worse than a stop.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from jobkit_lint.errors import ConfigError
from jobkit_lint.settings import Facts, Settings

FAIL_LEVELS = ("error", "warning", "info")
NAME = "pyproject.toml"
_TABLE = "tool.jobkit.lint"
_LOOK_ALIKE = str.maketrans("OILSB", "01158")
_VERSION = re.compile(r"\d+(?:\.\d+)*")


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the known word nearest to `word`, or lists them all if none is near."""
    names = sorted(known)
    near = nearest_word(word, names)
    return f"did you mean `{near}`?" if near is not None else f"known are: {', '.join(names)}"


def nearest_word(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to `word`, if one is near: in a code, a letter that looks like a digit is one."""
    names = sorted(known)
    twin = word[:-3].upper() + word[-3:].upper().translate(_LOOK_ALIKE)
    if twin in names:
        return twin
    matches = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return matches[0] if matches else None


def find_configuration(start: Path) -> Path | None:
    """The nearest ``pyproject.toml`` at or above `start` that has a ``[tool.jobkit.lint]`` table."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        path = candidate / NAME
        if is_file(path) and _table(path)[0] is not None:
            return path
    return None


def is_file(path: Path) -> bool:
    """Whether there is such a file; what may not be looked at is not there."""
    return os.path.isfile(path)  # noqa: PTH113


def common_folder(paths: Iterable[str]) -> Path:
    """The innermost folder that holds all of these files and folders."""
    folders = [path if path.is_dir() else path.parent for path in (Path(name).resolve() for name in paths)]
    common = folders[0]
    for folder in folders[1:]:
        while not folder.is_relative_to(common):
            common = common.parent
    return common


def settings_in(folder: Path) -> Settings | None:
    """The settings that the file of this very folder holds; None if there is no such file or table."""
    path = folder / NAME
    return load(path) if is_file(path) and _table(path)[0] is not None else None


def load(path: Path) -> Settings:
    """The settings in the file at `path`, with those that it extends. Raises `ConfigError` for what cannot be."""
    return convert(_extended(path, ()), str(path))


def _extended(path: Path, below: tuple[Path, ...]) -> dict[str, Any]:
    """The table of a file over the table of the one that it names in ``extend``; each table is checked by itself."""
    table, text = _table(path)
    own = dict(table or {})
    convert(own, str(path), text)
    if isinstance(own.get("baseline"), str):
        own["baseline"] = str(path.parent / own["baseline"])
    base = own.pop("extend", None)
    if base is None:
        return own
    target = (path.parent / base).resolve()
    if target in (path.resolve(), *below):
        raise ConfigError(f"{path}: [{_TABLE}]: `extend` leads back to this file")
    if not target.is_file():
        raise ConfigError(f"{path}: [{_TABLE}]: `extend` names {base}, and there is no such file")
    return {**_extended(target, (*below, path.resolve())), **own}


def convert(table: dict[str, Any], origin: str, text: str = "") -> Settings:
    """The settings in a table that was read from `origin`. Raises `ConfigError` naming file and key.

    With the `text` of the file the message has the line.
    """
    _refuse_unknown(table, Settings, origin, _TABLE, text)
    facts = table.get("facts")
    if isinstance(facts, dict):
        _refuse_unknown(facts, Facts, origin, f"{_TABLE}.facts", text)
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        reason = str(error).replace("`$.", "`").replace("$", f"[{_TABLE}]")
        key = re.search(r"`([a-z-]+)", str(error).partition(" - at ")[2].replace("$.", ""))
        raise _error(origin, text, key[1] if key else "", reason) from error
    if settings.fail_on not in FAIL_LEVELS:
        message = f"`fail-on` is {settings.fail_on!r}, {nearest(settings.fail_on, FAIL_LEVELS)}"
        raise _error(origin, text, "fail-on", message)
    if not 0 <= settings.call_depth <= 3:
        message = f"`call-depth` is {settings.call_depth}; it may be 0 to 3"
        raise _error(origin, text, "call-depth", message)
    _refuse_old_linter(settings.min_version, origin, text)
    return settings


def _error(origin: str, text: str, key: str, message: str) -> ConfigError:
    return ConfigError(f"{_place(origin, text, _TABLE, key)}: [{_TABLE}]: {message}")


def _refuse_unknown(table: dict[str, Any], shape: type[msgspec.Struct], origin: str, name: str, text: str) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(shape)}
    for key in table:
        if key not in known:
            place = _place(origin, text, name, key)
            raise ConfigError(f"{place}: [{name}] has no key `{key}`: {nearest(key, known)}")


def _refuse_old_linter(wanted: str | None, origin: str, text: str) -> None:
    if wanted is None:
        return
    if not _VERSION.fullmatch(wanted):
        raise _error(origin, text, "min-version", f"`min-version` is {wanted!r}; it must be numbers, as 0.1")
    here = metadata.version("jobkit")
    match = _VERSION.match(here)
    if match is not None and _numbers(match[0]) < _numbers(wanted):
        message = f"needs jobkit {wanted} (`min-version`), and this is {here}; install a newer one"
        raise _error(origin, text, "min-version", message)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _place(origin: str, text: str, table: str, key: str) -> str:
    """``file:line`` of a key in the text of its file; the file alone where the line cannot be told."""
    current = ""
    quoted = rf"[\"']?{re.escape(key)}[\"']?"
    for number, line in enumerate(text.split("\n"), 1):
        head = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if head is not None:
            current = head[1]
            if key and re.fullmatch(rf"{re.escape(table)}\.{quoted}(?:\..*)?", current):
                return f"{origin}:{number}"
            continue
        whole = f"{current}.{line.strip()}" if current else line.strip()
        if key and re.match(rf"{re.escape(table)}\.{quoted}\s*[.=]", whole):
            return f"{origin}:{number}"
    return origin


def _table(path: Path) -> tuple[dict[str, Any] | None, str]:
    """The table of a file, None if it has none, and the file's text."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error
    tool = content.get("tool")
    jobkit = tool.get("jobkit") if isinstance(tool, dict) else None
    table = jobkit.get("lint") if isinstance(jobkit, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{path}: `{_TABLE}` is {type(table).__name__}; it must be a table")
    return table, text
