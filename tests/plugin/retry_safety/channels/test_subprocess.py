"""subprocess: a real program that leaves a trace in a file."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_jobkit.retry_safety import RetrySafety, World, world

PROGRAM = "import sys; open(sys.argv[1], 'a').write('x')"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace.txt"


@pytest.fixture
def machine(trace: Path) -> World:
    @world
    def machine() -> Iterator[None]:
        trace.write_text("")
        yield None

    return machine


def with_run(trace: Path) -> None:
    subprocess.run([sys.executable, "-Sc", PROGRAM, str(trace)], check=True)


def with_popen(trace: Path) -> None:
    with subprocess.Popen([sys.executable, "-Sc", PROGRAM, str(trace)]) as process:
        process.wait()


def with_system(trace: Path) -> None:
    os.system(f'{sys.executable} -Sc "{PROGRAM}" {trace}')


@pytest.mark.parametrize("run", [with_run, with_popen, with_system])
def test_a_program_is_one_effect_and_runs_twice(
    run: Callable[[Path], None], trace: Path, machine, retry_safety: RetrySafety
):
    def job():
        run(trace)

    report = retry_safety(job, world=machine, observe=lambda _machine: None)

    [effect] = report.base.deliveries[0].effects
    assert effect.channel == "proc"
    assert effect.operation.name == f"run {Path(sys.executable).name}"
    assert report.schedule == "rs1:1.noack1"
    assert report.channel("proc").duplicates == 1


def test_a_program_that_is_awaited_is_an_effect(trace: Path, machine, retry_safety: RetrySafety):
    async def job():
        process = await asyncio.create_subprocess_exec(sys.executable, "-Sc", PROGRAM, str(trace))
        await process.wait()

    report = retry_safety(job, world=machine, kinds="noack", observe=lambda _machine: None)

    assert [effect.channel for effect in report.base.deliveries[0].effects] == ["proc"]
    assert report.channel("proc").duplicates == 1


@pytest.mark.parametrize(("fault", "left"), [("before", ""), ("after", "x")])
def test_the_injected_error_is_subprocess_own(trace: Path, machine, fault: str, left: str, retry_safety: RetrySafety):
    seen: list[str] = []

    def job():
        before = trace.read_text()
        try:
            with_run(trace)
        except (OSError, subprocess.TimeoutExpired):
            seen.append(trace.read_text().removeprefix(before))

    retry_safety(job, world=machine, kinds=fault, observe=lambda _machine: None)

    assert seen[0] == left
