"""Reports: what was found, as text for people or for a machine. One file a form, named as ``--format`` names it.

To add a form, add a module with a docstring (its first line is the help text) and a function
``render(report: Report) -> str``. The underscore of a module's name is a hyphen on the command line.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from jobkit_lint.errors import UsageError
from jobkit_lint.reporters.report import Report


def form_names() -> list[str]:
    """The values that ``--format`` takes."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if module.name != "report")
    return sorted(name.removesuffix("_").replace("_", "-") for name in names)


def renderer(form: str) -> Callable[[Report], str]:
    """The function that renders a report in the form of that name.

    Raises:
        UsageError: there is no such form.
    """
    if form not in form_names():
        raise UsageError(f"--format {form}: there is no such form; there are {', '.join(form_names())}")
    module = importlib.import_module(f"{__name__}.{form.replace('-', '_')}{'_' if form == 'json' else ''}")
    render: Callable[[Report], str] = module.render
    return render
