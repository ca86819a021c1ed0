"""The story of a test's jobs: what happened to which job when, as values and as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from jobkit import JobRecord, State, events
from jobkit.record import describe_call
from pytest_jobkit.capture.django_orm import BEFORE_COMMIT
from pytest_jobkit.matchers.text import shown_place
from pytest_jobkit.matchers.times import shown_seconds
from pytest_jobkit.recorder import Origin, Push, RecordingEngine
from pytest_jobkit.wording import shown_error

_LONGEST = 200

_JOB_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened.

    Attributes:
        at: seconds since the session began.
        job_id: whose it is; None for what concerns no single job.
        number: of the job, counted in the order in which the jobs of the session appeared; 0 without one.
        call: the job as a call; empty without one.
        what: in a word: "enqueued", "retry", "performed", "refused", "dead", ...
        state: how an execution ended; empty for everything else.
        text: the rest, in words.
        attempt: the number of the execution; None for everything else.
        place: where in the user's code; empty where that is not known.
    """

    at: float
    job_id: str | None
    number: int
    call: str
    what: str
    state: str
    text: str
    attempt: int | None = None
    place: str = ""


def timeline(engine: RecordingEngine, began: float) -> list[Moment]:
    """Everything that happened since the instant `began`, in order."""
    numbers: dict[str, int] = {}
    moments: list[Moment] = []
    for time, entry in engine.log:
        moment = _moment(entry, time - began, numbers, engine)
        if moment is not None:
            moments.append(moment)
    for place, (one, following) in enumerate(pairwise(moments)):
        if one.what == "retry" and following.what == "performed" and one.job_id == following.job_id:
            # An attempt enqueues the next one before it ends; read, it ends first.
            moments[place], moments[place + 1] = following, one
    return [replace(moment, text=with_numbers(moment.text, numbers)) for moment in moments]


def with_numbers(text: str, numbers: Mapping[str, int]) -> str:
    """`text` with each job's id, which tells a reader nothing, as ``#1``."""
    return _JOB_ID.sub(lambda found: f"#{numbers[found[0]]}" if found[0] in numbers else found[0], text)


def story(moments: Iterable[Moment], job_id: str | None = None) -> list[str]:
    """Lines of text, one a moment: of one job or of all of them."""
    lines = []
    for moment in moments:
        if job_id is None or moment.job_id == job_id:
            when = f"+{shown_seconds(moment.at)}"
            who = f"#{moment.number} {_short(moment.call)} " if moment.number else ""
            place = f", at {moment.place}" if moment.place else ""
            lines.append(f"{when:<10} {who}{moment.text}{place}")
    if len(lines) > _LONGEST:
        half = _LONGEST // 2
        lines = [*lines[:half], f"... {len(lines) - 2 * half} lines left out ...", *lines[-half:]]
    return lines


def _moment(entry: Any, at: float, numbers: dict[str, int], engine: RecordingEngine) -> Moment | None:
    if isinstance(entry, Push):
        return _of_push(entry, at, numbers)
    if isinstance(entry, JobRecord):
        return _of_delivery(entry, at, numbers)
    return _of_event(entry, at, numbers, engine)


def _of_push(push: Push, at: float, numbers: dict[str, int]) -> Moment | None:
    if push.origin not in (Origin.ENQUEUED, Origin.RETRY):
        return None  # the event that follows says why
    record = push.record
    envelope = record.envelope
    due = "" if envelope.due is None else f", due in {shown_seconds(max(0.0, envelope.due - envelope.enqueued_at))}"
    by = f" by {envelope.causes[-1].rpartition('.')[2]}" if envelope.causes and push.origin is Origin.ENQUEUED else ""
    what = "enqueued" if push.origin is Origin.ENQUEUED else "retry"
    text = f"{'enqueued' if what == 'enqueued' else 'enqueued again'} on {envelope.queue!r}{due}{by}"
    early = (envelope.headers or {}).get(BEFORE_COMMIT)
    if early and what == "enqueued":
        text += f", before the commit of {early}, which it names"
    place = shown_place(push.frames[0]) if push.frames and what == "enqueued" else ""
    return Moment(
        at, record.job_id, _number(record.job_id, numbers), describe_call(envelope), what, "", text, None, place
    )


def _of_delivery(record: JobRecord, at: float, numbers: dict[str, int]) -> Moment:
    text = f"attempt {record.executions} {record.state}"
    if record.outcome is not None and record.outcome.reason == "perform_now":
        text = f"perform_now {record.state}"
    if record.error is not None:
        text += f": {shown_error(record.error)}"
    if record.reason and record.reason != "perform_now":
        text += f" ({record.reason})"
    return Moment(
        at,
        record.job_id,
        _number(record.job_id, numbers),
        describe_call(record.envelope),
        "performed",
        record.state.value,
        text,
        record.executions,
    )


def _of_event(event: Any, at: float, numbers: dict[str, int], engine: RecordingEngine) -> Moment | None:
    if isinstance(event, events.Died) and any(
        record.job_id == event.job_id and record.state is State.DEAD for record in engine.deliveries
    ):
        return None  # its last delivery says so
    text = _WORDS[type(event)](event)
    job_id = event.job_id
    number = 0 if job_id is None else _number(job_id, numbers)
    call = "" if event.job is None else _call(event.job)
    frames = engine.event_frames.get(id(event))
    place = shown_place(frames[0]) if frames else ""
    return Moment(at, job_id, number, call, event.name, "", text, place=place)


def _refused(event: Any) -> str:
    if event.aborted:
        return "not enqueued: a before_enqueue callback aborted"
    return f"not enqueued: {event.error}"


_WORDS: dict[type[events.Event], Any] = {
    events.Enqueue: _refused,
    events.EnqueueAt: _refused,
    events.EnqueueDeferred: lambda event: "waits for the transaction to commit",
    events.Died: lambda event: f"went to the dead set ({event.reason})",
    events.Dropped: lambda event: f"dropped ({event.reason})",
    events.WorkerLostEvent: lambda event: f"lost its worker ({event.reason})",
    events.Redelivered: lambda event: f"in the queue once more ({event.reason})",
    events.Requeued: lambda event: "put back into its queue from the dead set",
    events.Conflict: lambda event: f"met the lock {event.lock!r}, on_conflict={event.strategy!r}",
    events.Interrupt: lambda event: f"interrupted {event.description} ({event.reason})",
    events.Resume: lambda event: f"resumes {event.description}",
    events.BatchEvent: lambda event: f"{_batch(event.batch)}, {event.what}",
    events.Fired: lambda event: f"schedule entry {event.entry!r} fired",
}


def _batch(batch: Any) -> str:
    return f"batch {batch.description!r}" if batch.description else f"batch of {batch.status.total} jobs"


def _call(job: Any) -> str:
    envelope = getattr(job, "envelope", None)
    return repr(job) if envelope is None else describe_call(envelope)


def _number(job_id: str, numbers: dict[str, int]) -> int:
    return numbers.setdefault(job_id, len(numbers) + 1)


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:90]} ..."
