"""Sphinx extension of this documentation: what the plugin offers, told from the plugin; rule pages, from the rules."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jobkit_lint.explain import explain
from jobkit_lint.rules.registry import all_rules
from pytest_jobkit import fixtures
from pytest_jobkit.options import OPTIONS


def fixture_table() -> str:
    """Each fixture of the plugin with its docstring, as a Markdown table."""
    kind = type(fixtures.jobs)
    found = {name: value for name, value in vars(fixtures).items() if isinstance(value, kind)}
    rows = [f"| `{name}` | {' '.join((inspect.getdoc(value) or '').split())} |" for name, value in found.items()]
    return "\n".join(["| Fixture | What it is |", "| --- | --- |", *rows])


def option_table() -> str:
    """Each setting of the plugin, as a Markdown table."""
    rows = [f"| `{option.ini}` | {f'`{option.flag}`' if option.flag else ''} | {option.help} |" for option in OPTIONS]
    return "\n".join(["| Key in the configuration file | Option | What it does |", "| --- | --- | --- |", *rows])


def rule_table() -> str:
    """Each rule of the linter with a link to its page, as a Markdown table."""
    rows = [
        f"| [{rule.code}](../rules/{rule.code}.md) | `{rule.name}` | {rule.severity.value} | {rule.default.value} "
        f"| {rule.summary} |"
        for rule in all_rules()
    ]
    return "\n".join(["| Code | Name | Severity | Default | Finds |", "| --- | --- | --- | --- | --- |", *rows])


def write_rule_pages(app: Sphinx) -> None:
    """Write a page a rule below docs/rules, which git ignores: a rule's file is the only place that tells of it."""
    folder = Path(app.srcdir) / "rules"
    folder.mkdir(exist_ok=True)
    pages = {f"{rule.code}.md": explain(rule) for rule in all_rules()}
    codes = "\n".join(name.removesuffix(".md") for name in pages)
    pages["index.md"] = f"# Rules\n\n```{{toctree}}\n{codes}\n```\n"
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        page = folder / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


class Told(SphinxDirective):
    """A directive whose content is Markdown told by `text`."""

    text: ClassVar[Any]

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(type(self).text())


class Fixtures(Told):
    text = staticmethod(fixture_table)


class Options(Told):
    text = staticmethod(option_table)


class Rules(Told):
    text = staticmethod(rule_table)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("jobkit-fixtures", Fixtures)
    app.add_directive("jobkit-options", Options)
    app.add_directive("jobkit-rules", Rules)
    app.connect("builder-inited", write_rule_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
