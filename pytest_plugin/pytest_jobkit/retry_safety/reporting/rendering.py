"""The report as text for a terminal: what the customer would notice, the story, the window, the ways out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pytest_jobkit.retry_safety.effects.record import Effect
from pytest_jobkit.retry_safety.exploring.faults import FaultKind, duration, encode
from pytest_jobkit.retry_safety.exploring.labels import labels_of
from pytest_jobkit.retry_safety.judging.findings import FindingKind
from pytest_jobkit.retry_safety.reporting.at_once import columns, coverage, notes
from pytest_jobkit.retry_safety.reporting.headline import headline
from pytest_jobkit.retry_safety.reporting.report import Report, Verdict
from pytest_jobkit.retry_safety.reporting.story import Chapter, others, tell
from pytest_jobkit.retry_safety.reporting.window import find_window

_WHAT = 46  # columns for what an effect does
_WHERE = 18  # columns for its source position


def render(report: Report) -> str:
    """The whole text; one line if the job is safe."""
    match report.verdict:
        case Verdict.SAFE:
            return "\n".join([passing_line(report), *(f"  {note}" for note in report.notes)])
        case Verdict.UNSAFE:
            return "\n".join(_failing(report)).rstrip()
        case Verdict.INCOMPLETE:
            return "\n".join(_incomplete(report))
        case _:
            return "\n".join([f"{report.setup.call!r}: {report.verdict}", *(f"  {line}" for line in report.problems)])


def passing_line(report: Report) -> str:
    """``charge(1): any number of kill noack before after · 5 states, 106 deliveries, closed · 10 ms``."""
    search = report.search
    kinds = " ".join(kind for kind in str(report.setup.kinds).split() if kind != "interleave")
    sampled = f" · sampled: {report.setup.collapse} visits of each repeated effect" if report.setup.collapse else ""
    if search.closed and report.how == "graph":
        counts = f"{search.states} states, {search.deliveries} deliveries, closed"
        also = f" · {coverage(report)}" if report.orders is not None else ""
        return f"{report.setup.call!r}: any number of {kinds} · {counts}{sampled}{also} · {_time(report)}"
    if report.how == "replay":
        return f"{report.setup.call!r}: the pinned schedule makes no difference · {_time(report)}"
    if report.how == "interleave":
        return f"{report.setup.call!r}: {coverage(report)} · {_time(report)}"
    depth = "any number of" if search.closed else f"up to {search.complete}"
    also = f" · {coverage(report)}" if report.orders is not None else ""
    return f"{report.setup.call!r}: {depth} {kinds} · {search.runs} schedules{sampled}{also} · {_time(report)}"


def _time(report: Report) -> str:
    return f"{report.seconds * 1000:.0f} ms"


def _incomplete(report: Report) -> Iterator[str]:
    search = report.search
    done = "nothing but the run without faults" if not search.complete else _faults_up_to(search.complete)
    more = f"; {search.partial:.0%} of the schedules with one fault more" if search.partial else ""
    spent = f"{_deliveries(search.deliveries)} · {_time(report)}"
    yield f"{report.setup.call!r}: INCOMPLETE, the budget ended first · {spent}"
    if report.orders is not None and report.orders.exhausted:
        alone = "" if report.how == "interleave" else f"{_faults_up_to_or_any(report)}; "
        share = f"at most {report.orders.partial:.0%} of the orders of deliveries at once"
        yield f"  complete: {alone}{share}; none fails so far"
        yield "  raise budget=, or bound the search: preemptions=2"
        yield from (f"  {note}" for note in report.notes)
        return
    yield f"  complete: {done}{more}; no failing schedule so far"
    if search.growing:
        yield f"  the search does not end, since this is new after each failed delivery: {search.growing}"
        yield "  if it makes no difference to the job, name it in volatile=; or ask for a number of faults: faults=2"
    else:
        yield "  raise budget=, sample long loops with collapse=3, or ask for a number of faults: faults=1"
    yield from (f"  {note}" for note in report.notes)


def _faults_up_to_or_any(report: Report) -> str:
    return "any number of faults" if report.search.closed else _faults_up_to(report.search.complete or 0)


def _faults_up_to(number: int) -> str:
    return "every single fault" if number == 1 else f"every schedule of up to {number} faults"


def _failing(report: Report) -> Iterator[str]:
    assert report.run is not None
    assert report.failure is not None
    number = len(report.faults)
    at_once = report.run.at_once
    enough = "1 fault is enough" if number == 1 else f"{number} faults are enough"
    if report.faults[0].kind is FaultKind.INTERLEAVE:
        enough = "two deliveries at once are enough"
    yield f"{report.setup.call!r} is NOT retry-safe   {enough}"
    yield f"  {headline(report.findings[0])}"
    yield from notes(report)
    tried = f"{report.search.runs} schedules" if report.how == "bounded" else f"{report.search.deliveries} deliveries"
    yield f"  {tried} tried · {_time(report)} · replay: {encode(report.faults)}"
    if at_once is None:
        yield f"  label: {labels_of(report.faults, report.run.deliveries)}"
    yield ""
    before: list[str] = []
    if at_once is not None:
        yield from columns(at_once)
    for chapter in tell(report.faults, report.run.deliveries) if at_once is None else ():
        lines = list(_chapter(chapter))
        if lines[1:] == before:
            yield f"{lines[0]}   the same again"
        else:
            yield from lines
        before = lines[1:]
    same = others(report.faults, report.failure.also)
    if same:
        yield f"  the same happens when {'; when '.join(same)}"
    yield ""
    yield from _comparison(report)
    yield from _window(report)
    yield from (f"  note: {note}" for note in report.notes)


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"  delivery {chapter.number}{f'   (+{duration(chapter.wait)})' if chapter.wait else ''}"
    for step in chapter.steps:
        effect = step.effect
        no_key = "  (no idempotency key)" if effect.operation.external and effect.key is None else ""
        what = effect.what + no_key if len(effect.what) + len(no_key) <= _WHAT else effect.what
        deed = f"{effect.index + 1:>2}  {effect.channel:<5} {_fitted(what, _WHAT)}"
        yield f"    {deed} {_where(effect):<{_WHERE}} {step.remark}".rstrip()
    yield f"     {'✓' if chapter.good else '✗'}  {chapter.end}"


def _fitted(text: str, width: int) -> str:
    return f"{text:<{width}}" if len(text) <= width else text[: width - 1] + "…"


def _where(effect: Effect) -> str:
    return f"{Path(effect.file).name}:{effect.line}" if effect.line else ""


def _comparison(report: Report) -> Iterator[str]:
    assert report.run is not None
    yield "  compared with the run without faults"
    kinds = {finding.kind for finding in report.findings}
    for finding in report.findings:
        yield f"    {finding.kind:<12} {headline(finding)}"
    if not kinds & {FindingKind.STATE, FindingKind.LEFTOVER}:
        yield f"    {'state':<12} equal"
    if not kinds & {FindingKind.NEVER_FINISHES, FindingKind.DISCARDED}:
        yield f"    {'finishes':<12} yes, in {_deliveries(len(report.run.deliveries))}"


def _window(report: Report) -> Iterator[str]:
    window = find_window(report)
    if window is None:
        return
    yield ""
    yield f"  the window   {_relative(window.marks[0].file)}"
    source = window.source()
    indent = min((len(text) - len(text.lstrip()) for _, text, _ in source if text.strip()), default=0)
    for number, text, words in source:
        line = f"   {'>' if words else ' '} {number:>4} | {text[indent:]:<64} {words}"
        yield line.rstrip()
    yield f"    {window.explanation}"
    yield "    ways out"
    yield from (f"      · {way}" for way in window.ways_out)


def _deliveries(number: int) -> str:
    return "1 delivery" if number == 1 else f"{number} deliveries"


def _relative(file: str) -> str:
    try:
        return os.path.relpath(file)
    except ValueError:  # another drive
        return file
