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
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

HERE = Path(__file__).parent
NOBODY = "redis://127.0.0.1:1/0"
REDIS = "redis://127.0.0.1:6379/0"
BROKERS = {"redis": (6379, REDIS), "rabbitmq": (5672, "amqp://guest:guest@127.0.0.1:5672//")}
START_PATIENCE = 120.0
SILENCE = 20.0  # seconds without a new signal after which nothing more is expected
TRIES = 3

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
            wait_until_ready(worker, self._log.with_suffix(".ready"))
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
    """What the real worker told. On a machine so busy that a message expires in the broker before the worker fetches
    it, the worker never hears of it; so a story that is not the expected one is played again, on a new queue."""
    for attempt in range(TRIES):
        project = Project(log.with_name(f"{log.name}-{attempt}"), broker, REDIS, JOBKIT_REAL="1")
        with project.worker():
            project.play("send_all")
            wait_for_the_whole(project, expected.result())
        project.call("scenario_tasks.forget_queue()")
        if project.story() == expected.result():
            break
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


def wait_until_ready(worker: subprocess.Popen[bytes], sign: Path) -> None:
    deadline = time.monotonic() + START_PATIENCE
    while not sign.exists():
        assert worker.poll() is None, f"the real worker ended with status {worker.returncode} before it was ready"
        assert time.monotonic() < deadline, f"the real worker was not ready after {START_PATIENCE:g} s"
        time.sleep(0.05)


def wait_for_the_whole(project: Project, expected: Story) -> None:
    """Until the story is as long as expected, or nothing more is told; the assertion says what was missing."""
    told, since = lengths(project.story()), time.monotonic()
    while told != lengths(expected) and time.monotonic() - since < SILENCE:
        time.sleep(0.05)
        now = lengths(project.story())
        if now != told:
            told, since = now, time.monotonic()
