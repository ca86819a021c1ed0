"""The pytest hooks of jobkit; they import the rest of the plugin only when a test asks for it."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_jobkit import fixtures
from pytest_jobkit.options import OPTIONS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add every option with its ini twin."""
    group = parser.getgroup("jobkit", "background jobs (jobkit)")
    for option in OPTIONS:
        parser.addini(option.ini, option.help, type=option.kind, default=option.default)  # type: ignore[arg-type]  # str
        if option.flag is not None:
            if option.metavar is None:
                group.addoption(option.flag, action="store_true", default=None, help=option.help)
            else:
                group.addoption(option.flag, metavar=option.metavar, default=None, help=option.help)


def pytest_configure(config: pytest.Config) -> None:
    """Bring in the fixtures."""
    config.pluginmanager.register(fixtures, "jobkit-fixtures")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Say in full why an ``assert have_enqueued_job(...)`` failed."""
    try:
        yield
    except AssertionError as error:
        session = item.stash.get(fixtures.SESSION, None)
        if session is not None:
            from pytest_jobkit.explaining import explain

            explain(error, session)
        raise
