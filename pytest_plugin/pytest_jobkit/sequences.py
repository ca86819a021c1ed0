"""Jobs in their order: ``assert jobs.performed == [ship, send_mail.build(1)]``, and ``jobs.enqueued_in_order(...)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobkit import Job, JobRecord
from jobkit.record import describe_call
from pytest_jobkit.matchers.arguments import WithArgs
from pytest_jobkit.matchers.question import Answer, Question
from pytest_jobkit.matchers.sighting import ENQUEUED, Sighting
from pytest_jobkit.matchers.target import target_of
from pytest_jobkit.wording import counted

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True

Find = Callable[[Any], Any]


class JobSequence(tuple[JobRecord, ...]):
    """Records in order. Compared with a list, each item may be

    - a job (a class, a @job function, a task, an actor, a name): any call of it,
    - a job with arguments, ``ship.build(42)``: a call with equal ones,
    - a `JobRecord`: that very one.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(
            is_like(record, wanted) for record, wanted in zip(self, other, strict=True)
        )

    __hash__ = tuple.__hash__

    def explain(self, wanted: Sequence[Any]) -> list[str]:
        """Lines that set this sequence beside the wanted one; the first is a summary."""
        lines = [f"{counted(len(self), 'job')} == {len(wanted)} wanted; side by side:"]
        for record, item in aligned(self, wanted):
            if record is None:
                lines.append(f"  - {shown(item)}   (wanted, is not there)")
            elif item is _NOTHING:
                lines.append(f"  + {describe_call(record.envelope)}   (is there, not wanted)")
            else:
                lines.append(f"    {describe_call(record.envelope)}")
        return lines


_NOTHING: Any = object()


def is_like(record: JobRecord, wanted: Any) -> bool:
    """Whether `record` is what `wanted` stands for."""
    if isinstance(wanted, JobRecord):
        return record == wanted
    performers = (record.envelope.performer,)
    if isinstance(wanted, Job):
        target = target_of(type(wanted), performers)
        arguments = WithArgs(tuple(wanted.arguments), wanted.kwarguments, target.signature)
        return target.is_met_by(record.envelope) and not arguments.differences(Sighting(record, None, 0.0))
    return record.envelope.performer.is_for(record.envelope, wanted)


def shown(wanted: Any) -> str:
    """An item of a wanted sequence, for people."""
    if isinstance(wanted, JobRecord):
        return describe_call(wanted.envelope)
    if isinstance(wanted, Job):
        call = [*map(repr, wanted.arguments), *(f"{key}={value!r}" for key, value in wanted.kwarguments.items())]
        return f"{wanted.definition.shown}({', '.join(call)})"
    name = wanted if isinstance(wanted, str) else getattr(wanted, "__name__", None) or repr(wanted)
    return f"{name.rpartition('.')[2]}(...)"


def aligned(records: Sequence[JobRecord], wanted: Sequence[Any]) -> list[tuple[JobRecord | None, Any]]:
    """The two side by side, with as many pairs as possible; what has no partner stands alone."""
    longest = [[0] * (len(wanted) + 1) for _ in range(len(records) + 1)]
    like = [[is_like(record, item) for item in wanted] for record in records]
    for i in reversed(range(len(records))):
        for j in reversed(range(len(wanted))):
            skip = max(longest[i + 1][j], longest[i][j + 1])
            longest[i][j] = max(skip, longest[i + 1][j + 1] + 1 if like[i][j] else 0)
    pairs: list[tuple[JobRecord | None, Any]] = []
    i = j = 0
    while i < len(records) or j < len(wanted):
        if i < len(records) and j < len(wanted) and like[i][j] and longest[i][j] == longest[i + 1][j + 1] + 1:
            pairs.append((records[i], wanted[j]))
            i, j = i + 1, j + 1
        elif j < len(wanted) and (i == len(records) or longest[i][j + 1] >= longest[i + 1][j]):
            pairs.append((None, wanted[j]))
            j += 1
        else:
            pairs.append((records[i], _NOTHING))
            i += 1
    return pairs


class EnqueuedInOrder(Question):
    """Whether the wanted jobs were enqueued one after the other; others may come between them."""

    def __init__(self, session: JobSession, wanted: Iterable[Any]) -> None:
        self.wanted = list(wanted)
        for item in self.wanted:
            if not isinstance(item, (Job, JobRecord)):
                target_of(item, session.captures)
        super().__init__(session)
        self._start = 0

    def _begin(self) -> None:
        self._start = len(self.session.engine.pushes)

    def _answer(self, in_block: bool) -> Answer:
        self.session.enqueue_questions += [
            target_of(type(item) if isinstance(item, Job) else item, self.session.captures)
            for item in self.wanted
            if not isinstance(item, JobRecord)
        ]
        found = ENQUEUED.since(self.session.engine, self._start if in_block else 0)
        return _OrderAnswer(JobSequence(seen.record for seen in found), self.wanted)

    def __repr__(self) -> str:
        return f"enqueued_in_order({', '.join(map(shown, self.wanted))})"


@dataclass(slots=True)
class _OrderAnswer:
    records: JobSequence
    wanted: list[Any]
    is_ambiguous: bool = False

    @property
    def is_met(self) -> bool:
        left = iter(self.records)
        return all(any(is_like(record, item) for record in left) for item in self.wanted)

    def text(self, negated: bool = False) -> str:
        wanted = ", ".join(map(shown, self.wanted))
        head = f"expected {wanted} {'not ' if negated else ''}to be enqueued in this order"
        if negated:
            return f"{head}, but they were"
        return "\n".join([f"{head}; there were", *self.records.explain(self.wanted)[1:]])
