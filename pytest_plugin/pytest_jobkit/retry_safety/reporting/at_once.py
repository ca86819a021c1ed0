"""Deliveries at once as text: a column for each, the places where one hands over, what the order has done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_jobkit.retry_safety.effects.record import Effect
from pytest_jobkit.retry_safety.exploring.concurrent.run import AtOnceRun
from pytest_jobkit.retry_safety.judging.findings import Finding, FindingKind
from pytest_jobkit.retry_safety.reporting.report import Report

_WIDTH = 44  # columns for what one delivery does


def columns(run: AtOnceRun) -> Iterator[str]:
    """The run step by step; a step that only waited is in brackets, a hand-over is marked."""
    copies = len(run.steps[0].pending) if run.steps else 2
    yield "  " + "".join(f"{f'delivery {copy + 1}':<{_WIDTH}}" for copy in range(copies)).rstrip()
    before = run.steps[0].copy if run.steps else 0
    for step in run.steps:
        effect = step.pending[step.copy]
        if effect is None:
            continue
        mark = "  " if step.copy == before else "» "
        text = mark + (f"[waits: {effect.what}]" if step.blocked else f"{effect.what}{_where(effect)}")
        shown = text if len(text) < _WIDTH else text[: _WIDTH - 2] + "…"
        yield "  " + (" " * _WIDTH * step.copy + shown).rstrip()
        before = step.copy


def _where(effect: Effect) -> str:
    return f"  {Path(effect.file).name}:{effect.line}" if effect.line else ""


def what_happened(run: AtOnceRun, finding: Finding) -> str:
    """What the order has done: a lost update, an effect that took place twice, a lost lock, a deadlock."""
    if finding.kind is FindingKind.DEADLOCK:
        return "deadlock: each delivery waits for what another one holds"
    lock = _lost_lock(run)
    if lock:
        return lock
    if finding.kind is FindingKind.DUPLICATE:
        return "double effect: neither delivery could see that the other one was at it"
    if finding.kind is FindingKind.STATE:
        update = _lost_update(run)
        if update:
            return update
        return "the deliveries did not keep out of each other's way: no order one after the other ends like this"
    return ""


def _done(run: AtOnceRun) -> list[tuple[int, Effect]]:
    steps = [(step.copy, step.pending[step.copy], step.blocked) for step in run.steps]
    return [(copy, effect) for copy, effect, blocked in steps if effect is not None and not blocked]


def _lost_update(run: AtOnceRun) -> str:
    """A delivery read something, another one wrote it, and the first wrote it as well."""
    done = _done(run)
    for place, (copy, read) in enumerate(done):
        if not read.operation.reads or not isinstance(read.operation.resource, str) or not read.operation.resource:
            continue
        others = [
            at for at, (other, effect) in enumerate(done)
            if at > place and other != copy and _writes(effect, read)
        ]  # fmt: skip
        if not others:
            continue
        if any(other == copy and _writes(effect, read) for other, effect in done[others[0] + 1 :]):
            return (
                f"lost update: delivery {copy + 1} reads {read.operation.resource}, delivery {done[others[0]][0] + 1} "
                f"changes it, and delivery {copy + 1} writes over that from what it had read"
            )
    return ""


def _writes(effect: Effect, read: Effect) -> bool:
    return not effect.operation.reads and effect.operation.resource == read.operation.resource


def _lost_lock(run: AtOnceRun) -> str:
    """Two deliveries took the same lock, the second before the first was through."""
    done = _done(run)
    takers: dict[str, int] = {}
    last = {copy: at for at, (copy, _effect) in enumerate(done)}
    for at, (copy, effect) in enumerate(done):
        words = f"{effect.operation.name} {effect.operation.resource}".lower()
        if effect.operation.reads or not any(word in words for word in ("lock", "lease", "mutex", "semaphore")):
            continue
        if not any(word in words for word in ("insert", "acquire", "take", "set", "claim", "obtain", "replace")):
            continue
        lock = str(effect.operation.resource)
        holder = takers.setdefault(lock, copy)
        if holder != copy and last[holder] > at and effect.state == "done":
            return (
                f"lost lock: delivery {holder + 1} holds {lock}, delivery {copy + 1} takes it as well, and delivery "
                f"{holder + 1} goes on without it"
            )
    return ""


def notes(report: Report) -> Iterator[str]:
    """What the model of the concurrent part is, for the header."""
    if report.run is not None and report.run.at_once is not None and report.findings:
        happened = what_happened(report.run.at_once, report.findings[0])
        if happened:
            yield f"  {happened}"


def coverage(report: Report) -> str:
    """``2 deliveries at once, every order of up to 2 preemptions · 13 orders``."""
    setup, orders = report.setup, report.orders
    assert orders is not None
    copies = len(setup.against) + 1 if setup.against else max(2, setup.copies)
    depth = "every order" if setup.preemptions is None else f"every order of up to {setup.preemptions} preemptions"
    return f"{copies} deliveries at once, {depth} · {orders.runs} orders"
