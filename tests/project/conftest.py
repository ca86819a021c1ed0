"""Where the checkout is, for the tests that look at it as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root folder of the checkout whose tests these are."""
    return Path(__file__).resolve().parent.parent.parent
