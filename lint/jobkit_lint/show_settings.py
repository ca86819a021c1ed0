"""``--show-settings FILE``: which settings hold for a file, and where each comes from."""

from __future__ import annotations

from pathlib import Path

import msgspec

from jobkit_lint import config
from jobkit_lint.errors import UsageError
from jobkit_lint.nested_settings import Choice
from jobkit_lint.settings import Settings


def show_settings(name: str, choice: Choice, config_file: str | None, isolated: bool) -> str:
    """The settings as TOML that could be pasted into a file, with their origin and the rules that run."""
    path = Path(name)
    if not path.exists():
        raise UsageError(f"--show-settings {name}: there is no such file or folder")
    origin = Path(config_file) if config_file is not None else _nearest(path)
    settings = config.load(origin) if origin is not None and not isolated else Settings()
    default = Settings()
    where = f"from {origin}" if origin is not None and not isolated else "no settings file: all are defaults"
    rules = choice.rules(settings)
    lines = [f"# {name}: {where}", "[tool.jobkit.lint]"]
    for field in msgspec.structs.fields(Settings):
        value = getattr(settings, field.name)
        if field.name in ("facts", "per_file_ignores", "extend"):
            continue
        mark = "" if value == getattr(default, field.name) else "  # set"
        if value is None:
            lines.append(f"# {field.encode_name} is not set")
        else:
            lines.append(f"{field.encode_name} = {_toml(value)}{mark}")
    lines += _table("per-file-ignores", settings.per_file_ignores)
    lines += _table("facts", {key: value for key, value in msgspec.to_builtins(settings.facts).items() if value})
    lines += ["", f"# {len(rules)} rules run:"]
    lines += [f"#   {rule.code} {rule.name}" for rule in rules]
    return "\n".join(lines) + "\n"


def _nearest(path: Path) -> Path | None:
    start = path.resolve()
    return config.find_configuration(start if start.is_dir() else start.parent)


def _table(name: str, content: dict[str, tuple[str, ...]]) -> list[str]:
    if not content:
        return []
    return ["", f"[tool.jobkit.lint.{name}]", *(f"{_key(key)} = {_toml(value)}" for key, value in content.items())]


def _key(text: str) -> str:
    return text if text.replace("-", "").replace("_", "").isalnum() else _toml(text)


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            # a basic string of TOML escapes as JSON does
            return msgspec.json.encode(value).decode()
        case dict():
            return "{ " + ", ".join(f"{_toml(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
        case _:
            return "[" + ", ".join(_toml(inner) for inner in list(value)) + "]"  # type: ignore[call-overload]
