"""What may be asked of a job, one class a question: each says whether a job meets it and, if not, what differs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from jobkit import JobRecord
from jobkit.envelope import Envelope
from pytest_jobkit.matchers.sighting import Sighting
from pytest_jobkit.matchers.target import Target
from pytest_jobkit.wording import shown_error


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a job that is not as wanted.

    Attributes:
        field: its name.
        wanted, found: for people.
        values: (wanted, found) as values, for a diff of their parts; None where there is nothing to diff.
        note: what a reader may not see at once.
    """

    field: str
    wanted: str
    found: str
    values: tuple[Any, Any] | None = None
    note: str = ""


class Condition(Protocol):
    """One question.

    Attributes:
        subject: what it is about; two conditions about one subject contradict each other.
        written: the modifier as the test wrote it.
    """

    @property
    def subject(self) -> str: ...
    @property
    def written(self) -> str: ...
    def differences(self, seen: Sighting) -> list[Difference]:
        """What is not as wanted; empty if the job meets the condition."""
        ...


@dataclass(frozen=True, slots=True)
class OnQueue:
    """`on_queue`: the queue's name, prefix included."""

    queue: str
    subject: str = field(default="queue", init=False)

    @property
    def written(self) -> str:
        return f"on_queue({self.queue!r})"

    def differences(self, seen: Sighting) -> list[Difference]:
        found = seen.record.queue_name
        return [] if found == self.queue else [Difference("queue", repr(self.queue), repr(found))]


@dataclass(frozen=True, slots=True)
class WithPriority:
    """`with_priority`: a number, or None for a job without one."""

    priority: Any
    subject: str = field(default="priority", init=False)

    @property
    def written(self) -> str:
        return f"with_priority({self.priority!r})"

    def differences(self, seen: Sighting) -> list[Difference]:
        found = seen.record.priority
        return [] if self.priority == found else [Difference("priority", repr(self.priority), repr(found))]


@dataclass(frozen=True, slots=True)
class EnqueuedBy:
    """`enqueued_by`: the job that was being performed meanwhile; None for none."""

    by: Target | None
    subject: str = field(default="enqueued by", init=False)

    @property
    def written(self) -> str:
        return f"enqueued_by({None if self.by is None else self.by.shown})"

    def differences(self, seen: Sighting) -> list[Difference]:
        envelope = seen.record.envelope
        cause = envelope.causes[-1] if envelope.causes else None
        if cause is None or self.by is None:
            is_met = cause is None and self.by is None
        else:
            is_met = self.by.is_met_by(Envelope("", cause, "", self.by.performer or envelope.performer))
        if is_met:
            return []
        wanted = "no job" if self.by is None else self.by.shown
        return [Difference("enqueued by", wanted, "no job" if cause is None else cause.rpartition(".")[2])]


@dataclass(frozen=True, slots=True)
class Where:
    """`where`: a predicate, always called with a `JobRecord`."""

    predicate: Callable[[JobRecord], Any]
    #: a test may give several predicates, so each is a subject of its own
    subject: str

    @property
    def written(self) -> str:
        return f"where({self._shown})"

    @property
    def _shown(self) -> str:
        name = getattr(self.predicate, "__name__", repr(self.predicate))
        code = getattr(self.predicate, "__code__", None)
        return f"the lambda of line {code.co_firstlineno}" if name == "<lambda>" and code is not None else name

    def differences(self, seen: Sighting) -> list[Difference]:
        said = self.predicate(seen.record)
        return [] if said else [Difference("where", f"{self._shown} to be true", repr(said))]


@dataclass(frozen=True, slots=True)
class WithError:
    """`with_error`: the class of the error behind the job, and a pattern that its text matches."""

    error: type[BaseException] | tuple[type[BaseException], ...]
    match: str | None
    subject: str = field(default="error", init=False)

    @property
    def written(self) -> str:
        return f"with_error({self._names}{f', match={self.match!r}' if self.match else ''})"

    @property
    def _names(self) -> str:
        classes = self.error if isinstance(self.error, tuple) else (self.error,)
        return " or ".join(one.__name__ for one in classes)

    def differences(self, seen: Sighting) -> list[Difference]:
        error = seen.error
        found = "no error" if error is None else shown_error(error)
        if not isinstance(error, self.error):
            return [Difference("error", self._names, found)]
        if self.match is not None and not re.search(self.match, str(error)):
            return [Difference("error", f"a text that matches {self.match!r}", found)]
        return []
