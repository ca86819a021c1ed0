"""The names that people write against: there, exported, and explained in the reference."""

from __future__ import annotations

import re
from pathlib import Path

import jobkit

DECLARING = """
    Job job retry_on discard_on after_discard rescue_from polynomially_longer exponentially_longer current_job
    before_enqueue around_enqueue after_enqueue before_perform around_perform after_perform Abort
    unique limits_concurrency step Batch perform_all_later register_reference
"""
RUNNING = "Engine VirtualClock SystemClock QueueConfig Schedule JobRecord configure subscribe"
ERRORS = """
    JobkitError SerializationError DeserializationError RecordNotFound EnqueueError UnknownJobError UniqueConflict
    InvalidStepError ConfigError DrainLimitError
"""
PROMISED = {*DECLARING.split(), *RUNNING.split(), *ERRORS.split()}


def test_what_was_promised_is_exported() -> None:
    assert set(jobkit.__all__) >= PROMISED


def test_what_is_exported_is_there() -> None:
    missing = [name for name in jobkit.__all__ if not hasattr(jobkit, name)]

    assert missing == []


def test_each_exported_name_says_what_it_is_for() -> None:
    silent = [name for name in jobkit.__all__ if not (getattr(jobkit, name).__doc__ or "").strip()]

    assert silent == []


def test_each_error_of_jobkit_is_a_jobkit_error() -> None:
    errors = [getattr(jobkit, name) for name in ERRORS.split()]

    assert [error for error in errors if not issubclass(error, jobkit.JobkitError)] == []


def test_the_reference_explains_each_exported_name_once(checkout: Path) -> None:
    page = (checkout / "docs" / "reference" / "engine.md").read_text(encoding="utf-8")

    explained = re.findall(r"^\.\. (?:auto\w+|data):: (\w+)$", page, re.MULTILINE)

    assert sorted(explained) == sorted(jobkit.__all__)
