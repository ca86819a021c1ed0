"""A report as plain values: for JSON, and for pytest-xdist to send."""

from __future__ import annotations

import hashlib
from typing import Any

from pytest_jobkit.retry_safety.exploring.labels import labels_of
from pytest_jobkit.retry_safety.judging.observation import Final
from pytest_jobkit.retry_safety.reporting.headline import headline
from pytest_jobkit.retry_safety.reporting.report import Report
from pytest_jobkit.retry_safety.reporting.story import tell


def plain(report: Report) -> dict[str, Any]:
    """What the JSON report holds of one check; the keys are explained in docs/retry-safety."""
    run = report.run or report.base
    search = report.search
    return {
        "job": repr(report.setup.call),
        "verdict": str(report.verdict),
        "safe": report.safe,
        "closed": report.closed,
        "complete": report.complete,
        "schedule": report.schedule,
        "labels": labels_of(report.faults, run.deliveries) if report.failure and run.at_once is None else None,
        "kinds": [str(kind) for kind in report.setup.kinds.kinds],
        "findings": [
            {"kind": str(finding.kind), "place": finding.place, "says": headline(finding)}
            for finding in report.findings
        ],
        "deliveries": [
            {
                "number": chapter.number,
                "wait": chapter.wait,
                "end": chapter.end,
                "acknowledged": chapter.good,
                "effects": [_effect(step.effect, step.remark) for step in chapter.steps],
            }
            for chapter in tell(report.faults, run.deliveries)
        ],
        "places": [effect.place for effect in report.base.deliveries[0].effects],
        "coverage": [
            {"gap": fault.at, "kind": str(fault.kind), "delay": fault.delay, "tried": str(tried)}
            for fault, tried in search.cells.items()
        ],
        "counts": {
            "states": search.states,
            "deliveries": search.deliveries,
            "schedules": search.runs,
            "merged": search.merged,
            "not_reached": search.unstable,
        },
        "notes": [*report.problems, *report.notes],
        "world": None if run.final is None else _digest(run.final),
        "milliseconds": round(report.seconds * 1000, 1),
        "text": str(report),
    }


def _effect(effect: Any, remark: str) -> dict[str, Any]:
    return {
        "delivery": effect.delivery,
        "index": effect.index,
        "channel": effect.channel,
        "label": effect.place,
        "what": effect.what,
        "mode": str(effect.operation.mode),
        "file": effect.file,
        "line": effect.line,
        "state": str(effect.state),
        "resource": None if effect.operation.resource is None else str(effect.operation.resource),
        "remark": remark,
    }


def _digest(final: Final) -> str:
    """Equal for ends that nobody can tell apart."""
    counts = sorted((str(entry), count) for entry, count in final.counts.items())
    return hashlib.sha256(repr((final.tables, final.data, final.observed, counts)).encode()).hexdigest()[:16]
