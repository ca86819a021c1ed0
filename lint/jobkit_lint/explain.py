"""A rule as text: the source of ``jobkit lint explain``, of its page in the documentation, and of help in SARIF."""

from __future__ import annotations

import inspect
import json
import re

import msgspec

from jobkit_lint.rules.base import Default, Rule, sections
from jobkit_lint.rules.examples import FIRST_FILE, Bad, Example, Mark
from jobkit_lint.rules.registry import group_of
from jobkit_lint.settings import Settings
from jobkit_lint.settings_schema import settings_schema

_READS_SETTING = re.compile(r"\bsettings\.(\w+)")

_DEFAULTS = {
    Default.ON: "on",
    Default.OFF: "off (select it by its code)",
    Default.STRICT: "off (in the preset `strict`)",
    Default.PREVIEW: "in preview (`--preview`)",
}


def has_fix(rule: type[Rule]) -> bool:
    """Whether a rule attaches fixes: it shows one in its examples."""
    return any(isinstance(example, Bad) and example.fixed is not None for example in rule.examples)


def explain(rule: type[Rule]) -> str:
    """The whole rule as Markdown: facts, prose, examples."""
    frameworks = ", ".join(rule.frameworks) or "all frameworks"
    lines = [
        f"# {rule.name} ({rule.code})",
        "",
        rule.summary,
        "",
        f"Severity: {rule.severity.value}. By default: {_DEFAULTS[rule.default]}. "
        f"Fix: {'yes' if has_fix(rule) else 'no'}. Group: {group_of(rule)}. For {frameworks}. Since {rule.since}.",
    ]
    for heading, text in sections(rule).items():
        lines += ["", f"## {heading}", "", text]
    settings = settings_of(rule)
    if settings:
        lines += ["", "## Settings", ""]
        lines += [f"- `{name}`: {text} (default: `{default}`)" for name, text, default in settings]
    lines += ["", "## Examples"]
    for example in rule.examples:
        kind = "Bad" if isinstance(example, Bad) else "Good"
        lines += ["", f"{kind}: {example.title}", "", "```python", *_shown(example), "```"]
        if isinstance(example, Bad) and example.fixed_text is not None:
            lines += ["", "after the fix:", "", "```python", example.fixed_text.rstrip("\n"), "```"]
    lines += ["", f"Suppress one line with `# jobkit: ignore[{rule.code}] reason`."]
    return "\n".join(lines) + "\n"


def settings_of(rule: type[Rule]) -> list[tuple[str, str, str]]:
    """Name, description and default of each setting that the rule's own code reads."""
    try:
        source = inspect.getsource(inspect.getmodule(rule) or rule)
    except (OSError, TypeError):
        return []
    read = set(_READS_SETTING.findall(source))
    described = settings_schema()["properties"]
    found = []
    for field in msgspec.structs.fields(Settings):
        if field.name in read:
            about = described[field.encode_name]
            found.append((field.encode_name, about["description"], json.dumps(about.get("default"))))
    return found


def _shown(example: Example) -> list[str]:
    lines: list[str] = []
    by_line: dict[tuple[str, int], list[Mark]] = {}
    for mark in example.marks:
        by_line.setdefault((mark.path, mark.line), []).append(mark)
    for path, text in example.files.items():
        if list(example.files) != [FIRST_FILE]:
            lines.append(f"# file: {path}")
        for number, line in enumerate(text.rstrip("\n").split("\n"), 1):
            lines.append(line)
            for mark in by_line.get((path, number), []):
                lines.append(" " * (mark.column - 1) + "^" * (mark.end_column - mark.column))
    return lines


def rules_table(rules: tuple[type[Rule], ...]) -> str:
    """One line a rule: code, name, severity, default, fix, summary."""
    width = max((len(rule.name) for rule in rules), default=0)
    return "".join(
        f"{rule.code}  {rule.name:<{width}}  {rule.severity.value:<7}  {rule.default.value:<7}  "
        f"{'fix' if has_fix(rule) else '   '}  {rule.summary}\n"
        for rule in rules
    )
