"""Files in the syntax of a Python that is newer than the one that runs the linter."""

from __future__ import annotations

import sys

import pytest

JOB = "from celery import shared_task\n\n@shared_task\ndef ship(order_id): ...\n\n"


@pytest.mark.parametrize(
    "newer",
    [
        "def first[T](items: list[T]) -> T: return items[0]",
        "async def first[**P, R](call: Callable[P, R]) -> R: ...",
        "class Box[T]: pass",
        "class Box[\n    T,\n    U: int = int,\n](Base): pass",
        "type Pair = tuple[int, int]",
        "type Pair[T] = tuple[T, T]",
        "try: pass\nexcept ValueError, KeyError: pass",
        "try: pass\nexcept socket.error, OSError:\n    pass\ntry: pass\nexcept KeyError, client.HTTPException: pass",
    ],
)
def test_the_jobs_in_the_file_are_found(program, newer):
    found = program({"shop/tasks.py": f"{JOB}{newer}\n\ndef view():\n    ship.delay(1)\n"})

    assert found.problems == []
    assert [job.name for job in found.jobs.all()] == ["shop.tasks.ship"]
    assert [site.at.line for site in found.sites.found] == [JOB.count("\n") + newer.count("\n") + 4]


def test_a_generic_job_and_what_is_called_in_it(program):
    source = f"{JOB}@shared_task\ndef send[T](item: T):\n    ship.delay(item)\n"

    found = program({"shop/tasks.py": source})

    assert [job.name for job in found.jobs.all()] == ["shop.tasks.ship", "shop.tasks.send"]
    assert [site.at.column for site in found.sites.found] == [4]


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        pytest.param(
            "try: pass\nexcept ValueError, error: pass",
            7,
            marks=pytest.mark.skipif(sys.version_info >= (3, 14), reason="means two exceptions from Python 3.14 on"),
        ),
        ("print 'hello'", 6),
        ("def f[T]: pass", 6),
        ("def f[T", 6),
        ("type Pair =", 6),
    ],
)
def test_python_2_and_broken_files_stay_errors(program, broken, line):
    (problem,) = program({"shop/tasks.py": JOB + broken + "\n"}).problems

    assert (problem.kind, problem.line) == ("syntax", line)
