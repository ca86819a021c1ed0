"""Timings of each job, for StatsD."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from jobkit import Job
from shop import current_shop


def instrument(job: Job, proceed: Callable[[], Any]) -> None:
    """An around_perform callback: counts and times the job, under its class's name."""
    metrics = current_shop().metrics
    name = type(job).__name__
    started = time.perf_counter()
    try:
        proceed()
    except Exception:
        metrics.increment(f"{name}.failed")
        raise
    else:
        metrics.increment(f"{name}.succeeded")
    finally:
        metrics.timing(name, time.perf_counter() - started)
