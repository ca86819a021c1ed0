"""A job and the message it travels as are inverse to each other."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jobkit import Engine, Job
from jobkit.message import body_of, decode, job_of, payload_of

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
names = st.text(min_size=1, max_size=8)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # st's form


class Takes(Job):
    def perform(self, *arguments: Any, **kwarguments: Any) -> None: ...


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    with Engine().active():
        job = Takes.build(
            *draw(st.lists(values, max_size=3)),
            **draw(st.dictionaries(st.from_regex(r"[a-z]\w{0,5}", fullmatch=True), values, max_size=2)),
        )
    job.queue_name = draw(names)
    job.priority = draw(st.none() | st.integers())
    job.executions = draw(st.integers(0, 100))
    job.exception_executions = draw(st.dictionaries(names, st.integers(1, 9), max_size=2))
    job.scheduled_at = draw(st.none() | moments)
    job.provider_job_id = draw(st.none() | names)
    if extras := draw(st.dictionaries(names, values, max_size=2)):
        job.extras.update(extras)
    return job


def state(job: Job) -> dict[str, Any]:
    return {
        "class": type(job),
        **{
            name: getattr(job, name)
            for name in (
                "job_id", "arguments", "kwarguments", "queue_name", "priority", "executions", "exception_executions",
                "scheduled_at", "provider_job_id", "extras",
            )
        },
    }  # fmt: skip


@given(jobs(), st.floats(0, 4e9))
def test_reading_a_message_gives_the_job_that_was_written(job: Job, now: float) -> None:
    read = job_of(body_of(job, job.definition, now))
    decode(read)

    assert state(read) == state(job)
    assert read.enqueued_at is not None
    assert abs(read.enqueued_at.timestamp() - now) < 1e-5


@given(jobs(), st.floats(0, 4e9))
def test_a_job_that_is_written_again_gives_the_same_message(job: Job, now: float) -> None:
    body = body_of(job, job.definition, now)

    assert body_of(job_of(body), job.definition, now) == body
    assert body_of(job_of(body.encode()), job.definition, now) == body


@given(jobs(), st.floats(0, 4e9))
def test_the_short_message_leaves_out_only_what_a_new_job_has_anyway(job: Job, now: float) -> None:
    short = json.loads(body_of(job, job.definition, now))
    whole = payload_of(job, job.definition, now)

    assert {name: whole[name] for name in short} == short
    assert all(not whole[name] for name in whole.keys() - short.keys())
