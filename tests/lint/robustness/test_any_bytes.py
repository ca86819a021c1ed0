"""Whatever bytes a file has: it is judged, or it is told what is wrong with it. Nothing raises."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from jobkit_lint.rules.registry import all_rules
from jobkit_lint.runner import Request, run
from jobkit_lint.settings import Settings

ROOT = Path("/project-in-memory")
JOBS = b"""\
from celery import shared_task
from huey import RedisHuey
import dramatiq, stripe

huey = RedisHuey()

@shared_task(bind=True, autoretry_for=(Exception,))
def charge(self, order, amount=None, *rest, **options):
    with transaction.atomic():
        if not Payment.objects.filter(order=order).exists():
            stripe.Charge.create(amount=amount, currency=f"{order!r:>{amount}}")
    for row in Order.objects.all(): charge.delay(row, **options)

@huey.task()
async def ship(pk): return [await charge.s(x).set(queue="a") async for x in pk if (y := x)]

class Bill(dramatiq.GenericActor):
    def perform(self):
        match self:
            case [first, *others]: self.send_with_options(args=(first,), delay=lambda: others)
"""


def lint(content: bytes) -> None:
    files = {str(ROOT / "shop/tasks.py"): content, str(ROOT / "shop/views.py"): b"from shop.tasks import *\n"}
    outcome = run(Request([], Settings(), ROOT, all_rules(), 1, files))

    assert [problem for problem in outcome.problems if problem.kind not in ("syntax", "unreadable")] == []


def test_the_file_that_is_cut_has_findings_and_jobs():
    outcome = run(Request([], Settings(), ROOT, all_rules(), 1, {str(ROOT / "shop/tasks.py"): JOBS}))

    assert outcome.problems == []
    assert len(outcome.program.jobs.all()) == 3
    assert len(outcome.findings) >= 3


@given(st.binary(max_size=300))
@example(b"\xff\xfe" + "import celery".encode("utf-16-le"))
@example(b"# -*- coding: no-such-encoding -*-\nimport celery\n")
@example(b"import celery\n\0\n")
def test_any_bytes(content):
    lint(content)


@given(st.binary(max_size=120))
def test_any_bytes_in_a_file_of_jobs(content):
    lint(b"import celery\n" + content)


@given(st.lists(st.tuples(st.integers(0, len(JOBS)), st.integers(0, 40), st.binary(max_size=4)), max_size=3))
def test_jobs_with_pieces_cut_out_and_bytes_put_in(cuts):
    content = JOBS
    for start, length, put in cuts:
        content = content[:start] + put + content[start + length :]

    lint(content)


@given(st.lists(st.sampled_from(JOBS.splitlines()), max_size=12))
def test_lines_of_jobs_in_any_order(lines):
    lint(b"\n".join(lines) + b"\n")
