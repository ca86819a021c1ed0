"""The window: the lines of the job between which a death makes the next delivery do the wrong thing."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pytest_jobkit.retry_safety.effects.ledger import Entry, entry_of
from pytest_jobkit.retry_safety.effects.record import Effect
from pytest_jobkit.retry_safety.exploring.faults import FaultKind
from pytest_jobkit.retry_safety.judging.findings import Finding, FindingKind
from pytest_jobkit.retry_safety.reporting.report import Report

_SHOWN_LINES = 14


class Mark(NamedTuple):
    """A line of the job, with what is to be said about it."""

    file: str
    line: int
    words: str


@dataclass(frozen=True, slots=True)
class Window:
    """The lines and the ways out.

    Attributes:
        marks: one or two lines, in their order in the run.
        explanation: what the lines have to do with each other.
        ways_out: what would close the window.
    """

    marks: tuple[Mark, ...]
    explanation: str
    ways_out: tuple[str, ...]

    def source(self) -> list[tuple[int, str, str]]:
        """The lines from the first mark to the last, as (number, text, words); only the marks if they lie far apart."""
        words = {mark.line: mark.words for mark in self.marks}
        first, last = min(words), max(words)
        together = len({mark.file for mark in self.marks}) == 1 and last - first < _SHOWN_LINES
        numbers = range(first, last + 1) if together else sorted(words)
        file = {mark.line: mark.file for mark in self.marks}
        shown = self.marks[0].file
        return [(n, linecache.getline(file.get(n, shown), n).rstrip(), words.get(n, "")) for n in numbers]


def find_window(report: Report) -> Window | None:
    """The window that the failing schedule has hit, if the first finding is of a kind that has one."""
    if report.run is None or not report.findings or report.run.at_once is not None:
        return None
    finding = report.findings[0]
    match finding.kind:
        case FindingKind.DUPLICATE:
            return _too_often(report, finding)
        case FindingKind.MISSING:
            return _lost(report, finding)
        case FindingKind.NEVER_FINISHES:
            return _stuck(report)
    return None


def _too_often(report: Report, finding: Finding) -> Window | None:
    assert report.run is not None
    assert finding.entry is not None
    visits = [e for d in report.run.deliveries for e in d.effects if _is_of(e, finding.entry) and e.took_place]
    if not visits:
        return None
    first = visits[0]
    marks = [Mark(first.file, first.line, "took place here")]
    commit = next((e for e in _base_effects(report) if e.index > first.index and _remembers(e)), None)
    if first.key is not None and len({effect.key for effect in visits}) > 1:
        keys = " and ".join(f"{effect.key!r}" for effect in visits[:2])
        return Window(
            tuple(marks),
            f"Each delivery sends another key ({keys}), so the receiver takes it for another request.",
            ("a key derived from the job's arguments alone", "a key that is stored before the first call"),
        )
    explanation = "Nothing lets the next delivery know about the first."
    if commit is not None and (commit.file, commit.line) != (first.file, first.line):
        marks.append(Mark(commit.file, commit.line, "remembered only here"))
        explanation = "Nothing between these lines lets the second delivery know about the first."
    elif report.faults[-1].kind is FaultKind.NOACK:
        explanation = "Nothing that the first delivery leaves behind keeps the second one from doing it again."
    channel = finding.entry.channel
    if channel == "db":
        ways: tuple[str, ...] = ("a unique key and insert or ignore",)
    else:
        ways = (
            "an idempotency key derived from the job's arguments",
            "an outbox row in the same commit, sent by a job that may send twice",
            f'channels={{"{channel}": at_least_once}} if twice is good enough',
        )
    return Window(tuple(marks), explanation, ways)


def _lost(report: Report, finding: Finding) -> Window | None:
    assert finding.entry is not None
    wanted = next((e for e in _base_effects(report) if _is_of(e, finding.entry)), None)
    if wanted is None:
        return None
    last = report.faults[-1]
    if last.kind in (FaultKind.BEFORE, FaultKind.WRONG):
        return Window(
            (Mark(wanted.file, wanted.line, "its error never leaves the job"),),
            "The error was swallowed, so the queue took the job for done.",
            ("let the error out, or retry inside the job until it has succeeded",),
        )
    guard = next((e for e in reversed(_base_effects(report)) if e.index < wanted.index and _remembers(e)), None)
    if guard is None:
        return None
    return Window(
        (Mark(guard.file, guard.line, "remembered as done here"), Mark(wanted.file, wanted.line, "done only here")),
        "The worker died between these lines; the next delivery takes the work for done.",
        ("remember it after the work", "an outbox row in the same commit as the flag"),
    )


def _stuck(report: Report) -> Window | None:
    assert report.run is not None
    failing = next((e for e in reversed(report.run.deliveries[-1].effects) if e.state == "failed"), None)
    if failing is None:
        return None
    return Window(
        (Mark(failing.file, failing.line, "fails on every further delivery"),),
        "What the first delivery has left behind makes every further one fail here.",
        ("insert or ignore, or an upsert", "look first whether an earlier delivery has done it"),
    )


def _base_effects(report: Report) -> Sequence[Effect]:
    return report.base.deliveries[-1].effects


def _is_of(effect: Effect, entry: Entry) -> bool:
    return effect.operation.external and entry_of(effect)[:2] == entry[:2] and entry.detail in ("", effect.detail)


def _remembers(effect: Effect) -> bool:
    return effect.durable and not effect.operation.external and not effect.operation.reads
