"""The same project under a real worker on a real broker and under the engine: the same attempts, states and signals."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

HERE = Path(__file__).parent
NOBODY = "redis://127.0.0.1:1/0"
REDIS = "redis://127.0.0.1:6379/0"
BROKERS = {"redis": (6379, REDIS), "rabbitmq": (5672, "amqp://guest:guest@127.0.0.1:5672//")}
PATIENCE = 30.0

Story = dict[str, list[dict[str, Any]]]


class Project:
    """The scenarios in processes of their own, with a log of their signals."""

    def __init__(self, log: Path, broker: str, results: str, **settings: str) -> None:
        self._log = log
        self._environment = (
            os.environ
            | settings
            | {
                "JOBKIT_LOG": str(log),
                "JOBKIT_QUEUE": f"jobkit-{uuid4()}",
                "JOBKIT_BROKER": broker,
                "JOBKIT_RESULTS": results,
            }
        )
        self._roots: dict[str, list[str]] = {}

    def play(self, function: str) -> None:
        """Call a function of the project that starts the scenarios."""
        self._roots = json.loads(self.call(f"print(json.dumps(scenario_tasks.{function}()))"))

    def call(self, code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", f"import json, scenario_tasks; {code}"],
            cwd=HERE,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def story(self) -> Story:
        """What was signalled, by scenario."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []
        return {
            name: [{key: line[key] for key in line if key != "root"} for line in lines if line["root"] in ids]
            for name, ids in self._roots.items()
        }

    @contextlib.contextmanager
    def worker(self) -> Iterator[None]:
        """A real worker with one process."""
        command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "scenario_tasks", "worker"]
        command += ["--pool=prefork", "--concurrency=1", "--without-gossip", "--without-mingle", "--loglevel=CRITICAL"]
        worker = subprocess.Popen(
            command, cwd=HERE, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until(self._log.with_suffix(".ready").exists)
            yield
        finally:
            worker.send_signal(signal.SIGQUIT)
            try:
                worker.wait(timeout=5)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    """The story under the engine, and that of a real worker for each broker that answers: all at the same time."""
    folder = tmp_path_factory.mktemp("stories")
    with ThreadPoolExecutor() as threads:
        told = {"engine": threads.submit(engine_story, folder / "engine")}
        for broker, (port, url) in BROKERS.items():
            if answers(port) and answers(6379):
                told[broker] = threads.submit(real_story, folder / broker, url, told["engine"])
        return {teller: story.result() for teller, story in told.items()}


def engine_story(log: Path) -> Story:
    project = Project(log, NOBODY, NOBODY)
    project.play("play_under_the_engine")
    return project.story()


def real_story(log: Path, broker: str, expected: Future[Story]) -> Story:
    project = Project(log, broker, REDIS, JOBKIT_REAL="1")
    with project.worker():
        project.play("send_all")
        wait_until(lambda: lengths(project.story()) == lengths(expected.result()))
    project.call("scenario_tasks.forget_queue()")
    return project.story()


@pytest.mark.slow
@pytest.mark.parametrize("broker", BROKERS)
def test_the_engine_tells_the_same_story_as_a_real_worker(broker: str, stories: dict[str, Story]) -> None:
    if broker not in stories:
        pytest.skip(f"{broker} (or Redis, for the results) does not answer on 127.0.0.1")

    assert stories[broker] == stories["engine"]


def answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
        return True
    return False


def lengths(story: Story) -> dict[str, int]:
    return {name: len(signals) for name, signals in story.items()}


def wait_until(condition: Callable[[], bool]) -> None:
    """Until the condition holds, or until patience ends; the assertion that follows says what was missing."""
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
