"""What the tests of this folder share: the sample shop with its jobs, and the soft form of a check."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_jobkit.retry_safety import RetrySafety
from pytest_jobkit.retry_safety.channels import channel_classes

# A run of pytest within a test forgets the modules that it was the first to import, but channels are remembered.
channel_classes()

sys.path.insert(0, str(Path(__file__).parent / "samples"))


@pytest.fixture
def retry_safety() -> RetrySafety:
    """The soft form of a check, as the plugin offers it."""
    return RetrySafety()
