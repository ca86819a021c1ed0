"""Queue and schedule files, YAML or TOML, as plain data that knows on which line each key stands.

What the keys mean is told by `queue_config` and `recurring`; here are only reading, places and error texts.
Keys may carry Ruby's leading colon (``:queues:``), which is dropped.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jobkit.errors import ConfigError
from jobkit.toml_lines import toml_lines

KeyPath = tuple[str | int, ...]
LineOf = Callable[[KeyPath], int | None]


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """The content of a file and the places of its keys.

    Args:
        name: what messages call the file.
        data: mappings with text keys, lists and scalars.
        line_of: gives the line of a key path (of its nearest known parent, or None).
    """

    name: str
    data: object
    line_of: LineOf = field(default=lambda path: None)

    @classmethod
    def read(cls, path: str | Path) -> ConfigurationFile:
        """Read a ``.yml``, ``.yaml`` (with or without ``.erb`` behind) or ``.toml`` file.

        Raises:
            ConfigError: the file is missing, not of these kinds, or not well-formed; says on which line.
        """
        path = Path(path)
        kinds = [suffix for suffix in path.suffixes if suffix != ".erb"]
        kind = kinds[-1].lower() if kinds else ""
        if kind not in {".yml", ".yaml", ".toml"}:
            raise ConfigError(f"{path}: a .yml, .yaml or .toml file is wanted; rename the file to what it holds")
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise ConfigError(f"{path}: there is no such file{_sibling(path)}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from error
        return _read_toml(str(path), text) if kind == ".toml" else _read_yaml(str(path), text)

    @classmethod
    def of_mapping(cls, data: Mapping[str, object], name: str) -> ConfigurationFile:
        """Data that was written in code: keys are read as in a file, there are no lines."""
        return cls(name, _without_colons(data))


class Problems:
    """Collects what is wrong with a file, so that one error tells all of it."""

    def __init__(self, file: ConfigurationFile) -> None:
        self._file = file
        self.texts: list[str] = []

    def add(self, path: KeyPath, text: str) -> None:
        """Note that the value at `path` has a problem: `text` says what is wanted, what is there, what to do."""
        line = self._file.line_of(path)
        place = self._file.name if line is None else f"{self._file.name}:{line}"
        told = " ".join(f"{dotted(path)}: {text}".split() if path else text.split())  # a value may have line breaks
        self.texts.append(f"{place}: {told}")

    def unknown_key(self, path: KeyPath, known: Iterable[str]) -> None:
        """Note that the last key of `path` is none of `known`, with the nearest one."""
        known = sorted(known)
        nearest = nearest_name(str(path[-1]), known)
        advice = f'did you mean "{nearest}"?' if nearest else f"the keys here are {', '.join(known)}"
        self.add(path, f"there is no such key; {advice}")

    def raise_if_any(self) -> None:
        """Raise one ConfigError with a line for each problem."""
        if self.texts:
            raise ConfigError("\n".join(self.texts))


def dotted(path: KeyPath) -> str:
    """A key path as people write it: ``capsules.mail.queues[1]``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` was most likely meant to be, or None."""
    import difflib  # only errors need it

    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)), None)


def without_colon(key: object) -> str:
    """A key as text, without the colon that marks a symbol in Ruby."""
    return str(key).removeprefix(":")


def _without_colons(value: object) -> object:
    if isinstance(value, Mapping):
        return {without_colon(key): _without_colons(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_colons(inner) for inner in value]
    return value


def _sibling(path: Path) -> str:
    other = path.with_suffix({".yml": ".yaml", ".yaml": ".yml"}.get(path.suffix, path.suffix))
    return f", but {other.name} is there" if other.exists() else "; give a path that exists"


def _read_toml(name: str, text: str) -> ConfigurationFile:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = found[1] if found else str(text.count("\n") + 1)
        raise ConfigError(f"{name}:{line}: this is not TOML: {error}") from None
    # Lines are found by reading the file again in growing parts: slow, so only when a message asks.
    known: dict[KeyPath, int] = {}

    def line_of(path: KeyPath) -> int | None:
        if not known:
            known.update(toml_lines(text))
        return next((known[path[:n]] for n in range(len(path), 0, -1) if path[:n] in known), None)

    return ConfigurationFile(name, _without_colons(data), line_of)


def _read_yaml(name: str, text: str) -> ConfigurationFile:
    template = next(
        (n for n, line in enumerate(text.splitlines(), 1) if re.search(r"<%(?!%)", re.sub(r"(^|\s)#.*", "", line))),
        None,
    )
    if template is not None:
        raise ConfigError(
            f"{name}:{template}: this is an ERB template (<% ... %>), and jobkit runs no Ruby; "
            "write the value itself, or render the file first and load the result"
        )
    try:
        from jobkit.yaml_tree import read_yaml
    except ModuleNotFoundError as error:
        if error.name != "yaml":
            raise
        raise ConfigError(
            f"{name}: reading YAML wants PyYAML, which is not installed; "
            "from a checkout of jobkit: pip install '.[yaml]', or write the file in TOML"
        ) from None
    data, line_of = read_yaml(name, text)
    return ConfigurationFile(name, data, line_of)
