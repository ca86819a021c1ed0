"""What a test names when it names a job: a jobkit job, a Celery task, an actor, a function, or a name."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jobkit import ConfigError, Job, JobFunction
from jobkit.envelope import Envelope, Performer
from jobkit.errors import UnknownJobError
from jobkit.performer import PERFORMER, definition_of
from jobkit.registry import find_job_class
from jobkit.selection import Selected

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


@dataclass(frozen=True, slots=True)
class Target:
    """The job that an expectation is about.

    Attributes:
        named: what the test gave.
        shown: its short name.
        performer: whose job it is; None for a name, which any framework may know.
        signature: how it is called; None where that is unknown.
    """

    named: object
    shown: str
    performer: Performer | None
    signature: inspect.Signature | None

    def is_met_by(self, envelope: Envelope) -> bool:
        """Whether the message is one of this job; a class means itself, not its subclasses."""
        if isinstance(self.named, Job):
            return envelope.job_id == self.named.job_id
        return envelope.performer.is_for(envelope, self.named)


@dataclass(frozen=True, slots=True)
class Selection:
    """Several kinds of jobs in place of one: the `only`, `except_` and `queue` of ActiveJob's helpers."""

    shown: str
    selected: Selected
    signature: None = None
    performer: None = None

    def is_met_by(self, envelope: Envelope) -> bool:
        """Whether the message is among those meant."""
        return self.selected(envelope)


def target_of(named: object, performers: Iterable[Performer]) -> Target:
    """Find out whose job `named` is.

    Args:
        performers: those of the captured frameworks.

    Raises:
        ConfigError: it is no job of jobkit nor of a captured framework.
    """
    if isinstance(named, str):
        return _named(named)
    if isinstance(named, JobFunction) or (isinstance(named, type) and issubclass(named, Job)):
        shown = definition_of(getattr(named, "job_class", named)).shown
        return Target(named, shown, PERFORMER, PERFORMER.signature(named))
    if isinstance(named, Job):
        return Target(named, f"{named!r} (this very job)", PERFORMER, PERFORMER.signature(type(named)))
    for performer in performers:
        name = _name_in(performer, named)
        if name is not None:
            return Target(named, name.rpartition(".")[2], performer, performer.signature(named))
    what = getattr(named, "__qualname__", None) or repr(named)
    raise ConfigError(
        f"{what} is not a job: a Job class, a @job function, a job of a framework that is captured, or a job's name "
        "is wanted. If a decorator is missing add it; if the framework was imported under another name, import it"
    )


def _named(name: str) -> Target:
    try:
        signature = PERFORMER.signature(find_job_class(name))
    except UnknownJobError:
        signature = None
    return Target(name, name.rpartition(".")[2], None, signature)


def _name_in(performer: Any, named: object) -> str | None:
    found: str | None = performer.job_name(named)
    return found
