"""Sphinx extension of this documentation: what the plugin offers, told from the plugin itself."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

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


class Told(SphinxDirective):
    """A directive whose content is Markdown told by `text`."""

    text: ClassVar[Any]

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(type(self).text())


class Fixtures(Told):
    text = staticmethod(fixture_table)


class Options(Told):
    text = staticmethod(option_table)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("jobkit-fixtures", Fixtures)
    app.add_directive("jobkit-options", Options)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
