"""The text of a failed expectation: what was wanted, the nearest job with each field that differs, then the rest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobkit import State
from jobkit.record import describe_call
from pytest_jobkit.capture.frames import Frame
from pytest_jobkit.matchers.conditions import Difference
from pytest_jobkit.matchers.expectation import Expectation, Mismatch, Verdict
from pytest_jobkit.matchers.sighting import ENQUEUED, PERFORMED, Sighting
from pytest_jobkit.matchers.target import Target
from pytest_jobkit.matchers.times import shown_seconds
from pytest_jobkit.wording import shown_error

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession

#: how many jobs besides the nearest are listed, and how many lines of a value's diff
_LISTED = 8
_DIFF_LINES = 24


def failure_text(verdict: Verdict, session: JobSession, negated: bool = False) -> str:
    """Why the verdict is no; with `negated`, why a yes is wrong where ``not`` was written."""
    expectation = verdict.expectation
    lines = [_headline(expectation, verdict.in_block, negated)]
    lines += [f"    {condition.written}" for condition in expectation.conditions]
    matched = verdict.matched
    if negated or (verdict.is_ambiguous and matched):
        lines += _too_many(verdict, negated)
    elif verdict.misfits and expectation.count.allows(len(matched)):
        lines += _misfits(verdict)
    elif matched and expectation.count.most is not None and len(matched) > expectation.count.most:
        lines += _too_many(verdict, negated)
    else:
        lines += _too_few(verdict, session)
    return "\n".join(lines)


def _headline(expectation: Expectation, in_block: bool, negated: bool) -> str:
    name = "job" if expectation.target is None else expectation.target.shown
    count = "no" if negated or expectation.count.most == 0 else str(expectation.count)
    verb = "be dead" if expectation.population.verb == "dead" else f"be {expectation.population.verb}"
    if not isinstance(expectation.target, Target) and expectation.count.most not in (0, 1) and not negated:
        name = re.sub(r"\bjob\b", "jobs", name, count=1)
    return f"expected {count} {name} to {verb}{' in the block' if in_block else ''}"


def _was(number: int, verb: str) -> str:
    return f"{number} {'was' if number == 1 else 'were'}{'' if verb == 'dead' else f' {verb}'}"


def _too_many(verdict: Verdict, negated: bool) -> list[str]:
    number = len(verdict.matched)
    lines = [f"but {_was(number, verdict.expectation.population.verb)}:", ""]
    lines += _listed(verdict.matched, with_places=True)
    if verdict.is_ambiguous and not verdict.in_block:
        lines += [
            "",
            f"Say how many are right: .exactly({number}), .at_least(1), ... ; to tell them apart: .with_args(...)",
        ]
    return lines


def _misfits(verdict: Verdict) -> list[str]:
    lines = ["and there it is, but with arguments that the job cannot be called with:", ""]
    for seen, text in verdict.misfits:
        lines += [f"  {shown(seen)}", f"      {text}", *_place(seen)]
    return lines


def _too_few(verdict: Verdict, session: JobSession) -> list[str]:
    verb = verdict.expectation.population.verb
    found = len(verdict.matched)
    near = [mismatch for mismatch in verdict.mismatches if mismatch.is_that_job]
    others = [mismatch for mismatch in verdict.mismatches if not mismatch.is_that_job]
    name = "job" if verdict.expectation.target is None else verdict.expectation.target.shown
    lines: list[str] = []
    if found:
        lines += [f"but only {_was(found, verb)}:", "", *_listed(verdict.matched)]
        if near:
            lines += ["", "The nearest of the others:"]
    elif near:
        lines += ["but none was like that. The nearest:"]
    elif others:
        lines += [f"but no {name} was{'' if verb == 'dead' else f' {verb}'}"]
    else:
        lines += [f"but no job was{'' if verb == 'dead' else f' {verb}'} at all"]
    if near:
        lines += ["", *_nearest(near[0], session)]
        lines += _rest([mismatch.seen for mismatch in near[1:]], f"other {name}" if verdict.expectation.target else "")
    were = "are dead" if verb == "dead" else f"were {verb}"
    lines += _rest([mismatch.seen for mismatch in others], "other jobs" if near or found else f"jobs that {were}")
    return lines + _hints(verdict, session)


def _nearest(mismatch: Mismatch, session: JobSession) -> list[str]:
    lines = [f"  {shown(mismatch.seen)}"]
    width = max((len(difference.field) for difference in mismatch.differences), default=0)
    for difference in mismatch.differences:
        lines += _difference(difference, width, session)
    return lines + _place(mismatch.seen)


def _difference(difference: Difference, width: int, session: JobSession) -> list[str]:
    head = f"      {difference.field + ':':<{width + 1}} "
    one_line = f"{head}wanted {difference.wanted}, found {difference.found}"
    if len(one_line) <= 100 and "\n" not in one_line:
        lines = [one_line]
    else:
        indent = " " * len(head)
        lines = [f"{head}wanted {_short(difference.wanted)}", f"{indent}found  {_short(difference.found)}"]
        lines += [f"{indent}{line}" for line in _diff(difference.values, session)]
    return [*lines, *([f"      {'':<{width + 1}} ({difference.note})"] if difference.note else [])]


def _diff(values: tuple[Any, Any] | None, session: JobSession) -> list[str]:
    """pytest's own account of how two values differ, where pytest is there and has something to say."""
    if values is None or session.compare is None:
        return []
    lines = [line for line in session.compare(*values)[1:] if line.strip()]
    if len(lines) > _DIFF_LINES:
        lines = [*lines[:_DIFF_LINES], f"... and {len(lines) - _DIFF_LINES} lines more"]
    return lines


def _rest(seen: list[Sighting], what: str) -> list[str]:
    if not seen:
        return []
    return ["", f"The {what or 'others'}:", *_listed(tuple(seen))]


def _listed(seen: tuple[Sighting, ...], with_places: bool = False) -> list[str]:
    lines = []
    for one in seen[:_LISTED]:
        lines += [f"  {shown(one)}", *(_place(one) if with_places else [])]
    if len(seen) > _LISTED:
        lines.append(f"  ... and {len(seen) - _LISTED} more")
    return lines


def shown(seen: Sighting) -> str:
    """One job on one line: its call, its queue, its time and how it ended."""
    record = seen.record
    parts = [f"{_short(describe_call(record.envelope))} on queue {record.queue_name!r}"]
    if record.priority is not None:
        parts.append(f"priority {record.priority}")
    if record.outcome is None:
        parts.append("at once" if seen.at is None or seen.delay <= 0 else f"in {shown_seconds(seen.delay)}")
    else:
        parts.append(str(record.state))
    if seen.error is not None:
        parts.append(shown_error(seen.error))
    return ", ".join(parts)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _place(seen: Sighting) -> list[str]:
    return [f"      enqueued at {shown_place(seen.frames[0])}"] if seen.frames else []


def shown_place(frame: Frame) -> str:
    """A place in the user's code, its path from the working directory where it lies below that."""
    path = Path(frame.path)
    here = Path.cwd()
    return str(frame._replace(path=str(path.relative_to(here)))) if path.is_relative_to(here) else str(frame)


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:150]} ... ({len(text)} characters)"


def _hints(verdict: Verdict, session: JobSession) -> list[str]:
    """What the test may have overlooked: a job that waits to be performed, one from before the block."""
    target = verdict.expectation.target
    if target is None or verdict.matched or any(mismatch.is_that_job for mismatch in verdict.mismatches):
        return []
    population = verdict.expectation.population
    if population is ENQUEUED:
        if verdict.in_block:
            earlier = [seen for seen in population.since(session.engine, 0) if target.is_met_by(seen.record.envelope)]
            if earlier:
                return ["", f"Before the block {_was(len(earlier), 'enqueued')}."]
        return []
    waiting = [envelope for envelope in session.engine.pending if target.is_met_by(envelope)]
    if waiting:
        what = "waits" if len(waiting) == 1 else "wait"
        return ["", f"{len(waiting)} {target.shown} {what} in a queue: perform_enqueued_jobs() performs what waits."]
    if population is not PERFORMED:
        ended = [record for record in session.engine.deliveries if target.is_met_by(record.envelope)]
        if ended:
            states = sorted({str(record.state) for record in ended if record.state is not State.RUNNING})
            return ["", f"{target.shown} was performed {_times(len(ended))} and ended as: {', '.join(states)}."]
    return []
