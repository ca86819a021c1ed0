"""A journey: a project as text, pytest run in it as a user runs it, and what it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SHOP = Path(__file__).parent / "shop_of_journeys.py"

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with the shop's jobs in shop.py and no settings but a path."""
    pytester.makepyfile(shop=SHOP.read_text(encoding="utf-8"))
    settings(pytester)
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "TZ"):
        monkeypatch.delenv(name, raising=False)
    return pytester


@pytest.fixture
def run(project: pytest.Pytester) -> Run:
    """Run pytest in a process of its own, in the order of the files unless told otherwise."""

    def run(*arguments: str, in_order: bool = True) -> pytest.RunResult:
        order = ("-p", "no:randomly") if in_order else ()
        return project.runpytest_subprocess("-p", "no:cacheprovider", *order, *arguments)

    return run


def settings(project: pytest.Pytester, **more: str) -> None:
    """Write pytest.ini; a keyword is a key."""
    keys = {"pythonpath": ".", "asyncio_default_fixture_loop_scope": "function", **more}
    project.makeini("\n".join(["[pytest]", *(f"{key} = {value}" for key, value in keys.items())]))
