"""`perform_one`: the first job that waits, and nothing else, as Sidekiq's ``Job.perform_one``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from jobkit import Job, JobRecord
from jobkit.record import describe_call
from pytest_jobkit.calling import note_awaiting
from pytest_jobkit.matchers.target import target_of

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


def perform_one(session: JobSession, job: Any) -> JobRecord:
    """See `JobSession.perform_one`."""
    engine = session.engine
    waiting = list(chain(engine.enqueued, engine.scheduled, engine.retries))
    found = next(_meant(session, waiting, job), None)
    if found is None:
        what = "job" if job is None else getattr(job, "__name__", None) or repr(job)
        there = ", ".join(describe_call(record.envelope) for record in waiting) or "no job at all"
        raise AssertionError(f"perform_one: no {what} waits; what waits is {there}")
    only = found.envelope.sequence
    try:
        result = session.perform_enqueued_jobs.block(
            only=lambda record: record.envelope.sequence == only, children=False, retries=False
        ).now()
    except Exception as error:
        note_awaiting(error, "await perform_enqueued_jobs(only=..., children=False, retries=False)")
        raise
    return result.records[0]


def _meant(session: JobSession, waiting: list[JobRecord], job: Any) -> Iterator[JobRecord]:
    if job is None:
        yield from waiting
    elif isinstance(job, (Job, JobRecord)):
        yield from (record for record in waiting if record.job_id == job.job_id)
    else:
        yield from (record for record in waiting if record.job_id == job)
        target = target_of(job, session.captures)
        yield from (record for record in waiting if target.is_met_by(record.envelope))
