"""A Django project of its own process: settings can be configured only once in a process."""

from __future__ import annotations

import sys
from pathlib import Path

import django
import pytest
from django.conf import settings

from pytest_jobkit.retry_safety import RetrySafety

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["shop"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
django.setup()

from mail_server import post, postbox  # noqa: E402

__all__ = ["post", "postbox"]


@pytest.fixture
def retry_safety() -> RetrySafety:
    """The soft form of a check."""
    return RetrySafety()


@pytest.fixture(scope="session", autouse=True)
def _tables():
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
