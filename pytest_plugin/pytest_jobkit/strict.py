"""Nothing fails silently: what went wrong with a test's jobs without the test ever speaking of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from jobkit import ConfigError, Job, JobRecord, State, events
from jobkit.envelope import Envelope
from jobkit.performer import PERFORMER
from jobkit.record import describe_call
from pytest_jobkit.matchers.target import Selection, Target
from pytest_jobkit.recorder import Origin, is_refused
from pytest_jobkit.timeline import story, with_numbers
from pytest_jobkit.wording import shown_error

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession


class Silence(StrEnum):
    """The ways in which a job comes to nothing; the words for ``@pytest.mark.jobkit(allow=[...])``."""

    DISCARDED = "discarded"
    DEAD = "dead"
    HALTED = "halted"
    DROPPED = "dropped"
    REFUSED = "refused"
    UNCOMMITTED = "uncommitted"
    UNASKED = "unasked"


_STATES = {
    State.DISCARDED: Silence.DISCARDED,
    State.DEAD: Silence.DEAD,
    State.HALTED: Silence.HALTED,
    State.DROPPED: Silence.DROPPED,
}

#: a hook of Django's ``on_commit`` that enqueues, as `waiting_on_commit` shows it
_ENQUEUE_ON_COMMIT = re.compile(
    r"(?P<job>[\w.]+)\.(delay|apply_async|send|send_with_options|enqueue|defer|kiq|perform_later)\("
)

_EXPECTING = {
    Silence.DISCARDED: "assert have_discarded_job({job})",
    Silence.DEAD: "assert have_dead_job({job})",
    Silence.HALTED: "read .halted of what perform_enqueued_jobs() returns",
    Silence.DROPPED: "read .dropped of what perform_enqueued_jobs() returns",
    Silence.REFUSED: "look at job.successfully_enqueued, or assert not have_enqueued_job({job})",
    Silence.UNCOMMITTED: "assert not have_enqueued_job({job}); if not, commit (Django: jobs.run_commit_hooks())",
}


class SilentFailure(AssertionError):
    """A job came to nothing, and the test did not speak of it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One job that came to nothing, or one question that was never asked.

    Attributes:
        head: what happened, in one sentence.
        job_id: the job; None for a question.
        job: the job's short name.
    """

    kind: Silence
    head: str
    job_id: str | None = None
    job: str = ""


def kinds_of(words: Iterable[str] | str, what: str) -> frozenset[Silence]:
    """The kinds that `words` name, "all" for every one.

    Raises:
        ConfigError: one of them is unknown; `what` names where it stands.
    """
    given = {words} if isinstance(words, str) else set(words)
    if "all" in given:
        return frozenset(Silence)
    unknown = sorted(given - set(Silence))
    if unknown:
        raise ConfigError(f"{what}: no such kind {unknown[0]!r}; there are {', '.join(Silence)}, and all")
    return frozenset(Silence(word) for word in given)


def silent_failure(session: JobSession, allowed: Collection[Silence] = ()) -> str | None:
    """What went wrong that the test never spoke of, for people; None if nothing did."""
    troubles = [trouble for trouble in _troubles(session) if trouble.kind not in allowed]
    return _text(troubles, session) if troubles else None


def _troubles(session: JobSession) -> Iterator[Trouble]:
    spoken_of = session.spoken_of | {
        push.record.job_id for push in session.engine.pushes if push.origin is Origin.REQUEUED
    }
    told: set[str] = set()
    for record in session.engine.deliveries:
        kind = _STATES.get(record.state)
        if kind is not None and record.job_id not in spoken_of and not _is_direct(record):
            told.add(record.job_id)
            yield Trouble(kind, _ended(record), record.job_id, _name(record))
    for record in session.engine.buried:
        if record.job_id not in spoken_of | told:
            told.add(record.job_id)
            head = f"{describe_call(record.envelope)} went to the dead set: {record.reason}"
            yield Trouble(Silence.DEAD, head, record.job_id, _name(record))
    yield from _without_delivery(session, spoken_of | told)
    yield from _without_commit(session)
    for question in session.questions:
        if not question.is_asked:
            yield Trouble(Silence.UNASKED, f"{question!r} was written and never asked: put assert or with before it")


def _without_delivery(session: JobSession, known: Collection[str]) -> Iterator[Trouble]:
    """What happened to jobs before they reached a worker."""
    waiting: dict[str, Job] = {}
    for event in session.engine.history:
        job: Any = event.job
        if isinstance(event, events.Dropped) and event.job_id not in known and event.error is None:
            head = f"{describe_call(job.envelope)} was dropped: {event.reason}"
            yield Trouble(Silence.DROPPED, head, event.job_id, _name(job))
        elif isinstance(event, events.EnqueueDeferred):
            waiting[job.job_id] = job
        elif isinstance(event, (events.Enqueue, events.EnqueueAt)):
            waiting.pop(job.job_id, None)
            if is_refused(event) and _is_unnoticed(job, session):
                why = "a before_enqueue callback aborted" if event.aborted else str(event.error)
                yield Trouble(Silence.REFUSED, f"{job!r} was not enqueued: {why}", job.job_id, type(job).__name__)
        elif isinstance(event, events.EnqueueAll):
            for one in event.jobs:
                waiting.pop(one.job_id, None)
                if one._accepted is False and _is_unnoticed(one, session):
                    head = f"{one!r} was not enqueued: {one._enqueue_error}"
                    yield Trouble(Silence.REFUSED, head, one.job_id, type(one).__name__)
    for job in waiting.values():
        if _is_unnoticed(job, session, whatever=True):
            head = f"{job!r} was never enqueued: the transaction that it waits for did not commit"
            yield Trouble(Silence.UNCOMMITTED, head, job.job_id, type(job).__name__)


def _without_commit(session: JobSession) -> Iterator[Trouble]:
    """What waits for a commit of Django's that does not come, as in a `TestCase`: enqueues, no other hooks."""
    new = Counter(session.waited_after or ()) - Counter(session.waited_before)
    for text in new:
        enqueue = _ENQUEUE_ON_COMMIT.match(text)
        if enqueue is None:
            continue
        name, short = enqueue["job"], enqueue["job"].rpartition(".")[2]
        if not any(_may_mean(target, name, short) for target in session.enqueue_questions):
            head = f"{text} still waits for the commit of the transaction, which Django's TestCase never makes"
            yield Trouble(Silence.UNCOMMITTED, head, None, short)


def _may_mean(target: Target | Selection | None, name: str, short: str) -> bool:
    return not isinstance(target, Target) or short == target.shown or name == target.named


def _is_unnoticed(job: Job, session: JobSession, whatever: bool = False) -> bool:
    """Whether neither the code looked at what the enqueue returned nor the test asked about such jobs."""
    if job._was_delivered:
        return False  # a retry that was kept out: its delivery tells of it
    if job._refusal_noticed and not whatever:
        return False
    envelope = Envelope(job.job_id, job.definition.name, "", PERFORMER, job.queue_name)
    return not any(target is None or target.is_met_by(envelope) for target in session.enqueue_questions)


def _ended(record: JobRecord) -> str:
    head = f"{describe_call(record.envelope)} was {record.state}" if record.state is not State.DEAD else ""
    head = head or f"{describe_call(record.envelope)} died"
    error = "" if record.error is None else f" after {shown_error(record.error)}"
    return f"{head}{error}{f' ({record.reason})' if record.reason else ''}"


def _is_direct(record: JobRecord) -> bool:
    """Whether it was performed by `perform_now`, which tells its caller how it ended."""
    return record.outcome is not None and record.outcome.reason == "perform_now"


def _name(record: JobRecord) -> str:
    return record.name.rpartition(".")[2]


def _by_head(troubles: Iterable[Trouble]) -> dict[tuple[Silence, str], list[Trouble]]:
    """What happened to many jobs in the same words is told once."""
    alike: dict[tuple[Silence, str], list[Trouble]] = {}
    for trouble in troubles:
        alike.setdefault((trouble.kind, trouble.head), []).append(trouble)
    return alike


def _text(troubles: list[Trouble], session: JobSession) -> str:
    moments = session.timeline()
    numbers = {moment.job_id: moment.number for moment in moments if moment.job_id is not None}
    heads = _by_head(replace(trouble, head=with_numbers(trouble.head, numbers)) for trouble in troubles)
    first = next(iter(heads))[1]
    lines = [f"silent failure: {first}{f', and {len(heads) - 1} more' if len(heads) > 1 else ''}"]
    for (_, head), alike in heads.items():
        trouble = alike[0]
        if len(heads) > 1:
            lines += ["", f"  {head}"]
        if len(alike) > 1:
            lines.append(f"      {len(alike)} jobs; the first:")
        if trouble.job_id is not None:
            lines += [f"      {line}" for line in story(moments, trouble.job_id)]
        if trouble.kind in _EXPECTING:
            lines.append(f"      If that is right: {_EXPECTING[trouble.kind].format(job=trouble.job)}")
    kinds = sorted({str(trouble.kind) for trouble in troubles})
    lines += ["", "Nothing that the test asserts failed, and it never speaks of this."]
    return "\n".join([*lines, f"To allow it unspoken: @pytest.mark.jobkit(allow={kinds})"])
