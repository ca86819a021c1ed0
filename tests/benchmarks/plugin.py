"""What the pytest plugin costs: a run that does not use it, and a test that enqueues and performs one job.

Run it with ``python tests/benchmarks/plugin.py [TESTS]``. Each kind of test runs in a pytest process of its own, in
turns, and the median time of a whole test (setup, call, teardown) is shown; the first tests of each process, which
import and freeze for the first time, are left out. What is not installed is left out, by name.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 3

TIMING = """
import statistics, time
import pytest

costs = []

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    started = time.perf_counter()
    result = yield
    costs.append(time.perf_counter() - started)
    return result

def pytest_unconfigure(config):
    rest = costs[len(costs) // 5:]
    if rest:
        print(f"\\nMEDIAN {statistics.median(rest) * 1e3}")
"""

EMPTY = "def test_nothing(number): pass"

JOBKIT = """
import jobkit

@jobkit.job
def no_op(number): pass
"""

JOBS = f"""{JOBKIT}
def test_one_job(number, jobs):
    no_op.perform_later(number)
    jobs.perform_enqueued_jobs()
"""

FROZEN = f"""{JOBKIT}
def test_one_job(number, jobs, job_clock):
    no_op.perform_later(number)
    jobs.perform_enqueued_jobs()
"""

CELERY = """
import pytest
from celery import Celery

pytest_plugins = ["celery.contrib.pytest"]

@pytest.fixture(scope="session")
def celery_config():
    return {"broker_url": "memory://", "result_backend": "cache+memory://"}

def test_one_job(number, celery_app, celery_worker):
    @celery_app.task(shared=False)
    def no_op(number): pass

    celery_worker.reload()
    no_op.delay(number).get(timeout=10)
"""

DRAMATIQ = """
import dramatiq, pytest
from dramatiq.brokers.stub import StubBroker

broker = StubBroker()
broker.emit_after("process_boot")

@dramatiq.actor(broker=broker)
def no_op(number): pass

@pytest.fixture
def worker():
    broker.flush_all()
    worker = dramatiq.Worker(broker, worker_timeout=100)
    worker.start()
    yield worker
    worker.stop()

def test_one_job(number, worker):
    no_op.send(number)
    broker.join("default")
    worker.join()
"""

RQ = """
import operator, pytest
from fakeredis import FakeStrictRedis
from rq import Queue, SimpleWorker

@pytest.fixture
def queue():
    return Queue(connection=FakeStrictRedis())

def test_one_job(number, queue):
    queue.enqueue(operator.index, number)
    SimpleWorker([queue], connection=queue.connection).work(burst=True)
"""

#: name, the test, the packages that it needs, and the share of the tests that it is run with
KINDS = [
    ("an empty test", EMPTY, (), 1.0),
    ("jobs: enqueue and perform one", JOBS, (), 1.0),
    ("the same, with job_clock", FROZEN, ("freezegun",), 1.0),
    ("RQ SimpleWorker on fakeredis", RQ, ("rq", "fakeredis"), 0.2),
    ("Dramatiq StubBroker and worker", DRAMATIQ, ("dramatiq",), 0.2),
    ("Celery celery_worker", CELERY, ("celery",), 0.05),
]

IMPORTS = """
import time, sys, pytest
before = set(sys.modules)
started = time.perf_counter()
import pytest_jobkit.plugin
print((time.perf_counter() - started) * 1e3, len(set(sys.modules) - before))
"""


def used(folder: Path, test: str, tests: int) -> float:
    """Milliseconds of the median test."""
    (folder / "conftest.py").write_text(TIMING)
    module = test.replace("def test_", f"import pytest\n@pytest.mark.parametrize('number', range({tests}))\ndef test_")
    (folder / "test_cost.py").write_text(module)
    command = ["-m", "pytest", "-q", "-s", "-p", "no:randomly", "-p", "no:cacheprovider", "--rootdir", "."]
    run = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"the tests failed:\n{run.stdout}{run.stderr}")
    return next(float(line.split()[1]) for line in run.stdout.splitlines() if line.startswith("MEDIAN"))


def unused() -> tuple[float, int]:
    """Milliseconds of importing the plugin after pytest, and the number of modules that it brings."""
    run = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    cost, modules = run.stdout.split()
    return float(cost), int(modules)


def is_installed(package: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"import {package}"], capture_output=True).returncode == 0


def main() -> None:
    tests = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    imports = [unused() for _ in range(ROUNDS * 3)]
    print(
        f"a run that does not use it: {statistics.median(cost for cost, _ in imports):.1f} ms for "
        f"{imports[0][1]} modules (best {min(imports)[0]:.1f} ms)\n"
    )
    ready: list[tuple[str, str, int]] = []
    for name, test, packages, share in KINDS:
        missing = [package for package in packages if not is_installed(package)]
        if missing:
            print(f"  {name}: left out, {missing[0]} is not installed")
            continue
        ready.append((name, test, max(5, int(tests * share))))
    measured: dict[str, list[float]] = {name: [] for name, _, _ in ready}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for name, test, count in ready:
                measured[name].append(used(Path(folder), test, count))
    empty = statistics.median(measured["an empty test"])
    print(f"{'one test':34}{'ms':>9}{'best':>9}{'beyond empty':>15}")
    for name, values in measured.items():
        median = statistics.median(values)
        print(f"{name:34}{median:9.2f}{min(values):9.2f}{median - empty:15.2f}")


if __name__ == "__main__":
    main()
