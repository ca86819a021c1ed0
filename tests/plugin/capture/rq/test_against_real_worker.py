"""The same scenario, once by RQ's forking worker on a real Redis and once by us: attempts, callbacks, states agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Callback, Queue, Repeat, Retry
from rq.job import Job

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures

HERE = Path(__file__).parent
JOBS = "jobs_of_both_workers"
FINISHED = {"finished", "failed", "deferred"}


def enqueue(queue: Queue, path: str) -> dict[str, Job]:
    """The scenario; each job's second argument is its label."""

    def put(name: str, label: str, *rest: Any, **options: Any) -> Job:
        return queue.enqueue(f"{JOBS}.{name}", args=(path, label, *rest), **options)

    def retried(times: int, interval: Any = 0) -> dict[str, Any]:
        return {
            "retry": Retry(max=times, interval=interval),
            "on_success": Callback(f"{JOBS}.on_success"),
            "on_failure": Callback(f"{JOBS}.on_failure"),
        }

    jobs = {
        "runs out": put("fail", "runs out", 9, **retried(2, [1, 2])),
        "recovers": put("fail", "recovers", 1, **retried(3)),
        "fails": put("fail", "fails", 9, on_failure=Callback(f"{JOBS}.on_failure")),
        "asks again": put("ask_again", "asks again", 1),
        "killed": put("be_killed", "killed", **retried(1)),
        "killed for good": put("be_killed", "killed for good"),
        "repeats": put("succeed", "repeats", repeat=Repeat(times=1, interval=1)),
        "delayed": queue.enqueue_in(timedelta(seconds=1), f"{JOBS}.succeed", path, "delayed"),
        "first": put("succeed", "first", on_success=Callback(f"{JOBS}.on_success")),
    }
    jobs["second"] = put("succeed", "second", depends_on=jobs["first"])
    jobs["orphan"] = put("succeed", "orphan", depends_on=jobs["fails"])
    return jobs


def told(path: Path) -> dict[str, list[list[Any]]]:
    story = defaultdict(list)
    for line in path.read_text().splitlines():
        label, *what = json.loads(line)
        story[label].append(what)
    return dict(story)


def states(jobs: dict[str, Job]) -> dict[str, tuple[Any, ...]]:
    found = {}
    for label, job in jobs.items():
        job.refresh()
        results = [result.type.name for result in job.results()]
        found[label] = (job.get_status().value, job.retries_left, job.number_of_retries, job.repeats_left, results)
    return found


def wait(jobs: dict[str, Job], path: Path) -> None:
    deadline = time.monotonic() + 18
    while True:
        pending = [label for label, job in jobs.items() if job.get_status().value not in FINISHED]
        if not pending and len(told(path).get("repeats", [])) == 2:
            return
        assert time.monotonic() < deadline, f"RQ's worker did not come to an end: {pending}"
        time.sleep(0.05)  # a real broker: there is no clock to move


def test_attempts_callbacks_and_states_are_those_of_the_real_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = redis.Redis(socket_connect_timeout=0.5)
    try:
        client.ping()
    except redis.ConnectionError:
        pytest.skip("no Redis answers on 127.0.0.1:6379")
    monkeypatch.syspath_prepend(HERE)
    queue = Queue(f"jobkit-{uuid.uuid4().hex[:8]}", connection=client)

    real_story, our_story = tmp_path / "real", tmp_path / "ours"
    real_jobs = enqueue(queue, str(real_story))
    program = Path(sys.executable).with_name("rq")
    worker = subprocess.Popen(
        [program, "worker", "--with-scheduler", "--url", "redis://127.0.0.1:6379", queue.name],
        env={**os.environ, "PYTHONPATH": str(HERE), "JOBKIT_REAL_WORKER": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait(real_jobs, real_story)
        real_states = states(real_jobs)
    finally:
        worker.terminate()
        worker.wait(10)
        for job in real_jobs.values():
            job.delete()
        queue.delete()
        client.close()

    engine = Engine()
    with InstalledCaptures(engine.push, engine.clock, only=["rq"]):
        our_jobs = enqueue(Queue("ours", connection=redis.Redis(port=1)), str(our_story))
        start = engine.clock.time()
        engine.drain(errors="capture")
        our_states = states(our_jobs)

    assert told(our_story) == told(real_story)
    assert our_states == real_states
    runs_out = [record for record in engine.performed if record.job_id == our_jobs["runs out"].id]
    assert [(record.started or 0) - start for record in runs_out] == [0, 1, 3]
