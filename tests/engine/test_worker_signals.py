"""What the embedded worker promises when its process is told to end: SIGTERM loses nothing, SIGKILL all of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

#: works off what it was given to do until a signal comes, then prints what is left
PROCESS = """
import json, sys, threading
from jobkit import Engine, QueueConfig, SystemClock, job

engine = Engine(clock=SystemClock(), seed=None, config=QueueConfig(timeout=float(sys.argv[1])))

@job
def holds(seconds):
    print("begun", flush=True)
    threading.Event().wait(seconds)

with engine.active():
    holds.perform_later(float(sys.argv[2]))
    holds.perform_later(0)
    holds.set(wait=3600).perform_later(0)
    engine.run(concurrency=1)
    print(json.dumps({
        "succeeded": [record.arguments for record in engine.performed if record.state == "succeeded"],
        "enqueued": [record.arguments for record in engine.enqueued],
        "scheduled": len(engine.scheduled),
    }))
"""


@contextmanager
def worker(timeout: float, holds: float) -> Iterator[subprocess.Popen[str]]:
    """A worker process whose first job has begun."""
    command = [sys.executable, "-c", PROCESS, str(timeout), str(holds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            yield process
        finally:
            process.kill()


def left(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return dict(json.loads(output))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_lets_a_running_job_finish_and_begins_no_other(number: signal.Signals) -> None:
    with worker(timeout=20, holds=0.2) as process:
        process.send_signal(number)

        assert left(process) == {"succeeded": [[0.2]], "enqueued": [[0]], "scheduled": 1}


def test_a_job_that_outlasts_the_timeout_is_back_in_its_queue_before_run_returns() -> None:
    with worker(timeout=0.05, holds=3600) as process:
        process.terminate()

        assert left(process) == {"succeeded": [], "enqueued": [[3600], [0]], "scheduled": 1}


def test_sigkill_ends_an_in_memory_queue_with_its_process() -> None:
    with worker(timeout=20, holds=3600) as process:
        process.kill()
        output, _ = process.communicate(timeout=20)

        assert process.returncode == -signal.SIGKILL
        assert output == ""
