"""One self-contained HTML page with the story of each test's jobs: no network, no script, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from pytest_jobkit.matchers.times import shown_seconds
from pytest_jobkit.wording import counted

_BAD = {"dead", "discarded", "lost", "raised", "refused", "halted", "dropped"}


def render(tests: Iterable[Mapping[str, Any]], title: str) -> str:
    """The page.

    Args:
        tests: what `reporting.told` made of each test.
    """
    from jinja2 import Environment

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    )
    shown = [_test(test) for test in tests]
    return template.render(
        title=title,
        counted=counted,
        tests=shown,
        failed=sum(test["failed"] for test in shown),
        jobs=sum(test["jobs"] for test in shown),
        executions=sum(moment["what"] == "performed" for test in shown for moment in test["moments"]),
    )


def _test(test: Mapping[str, Any]) -> dict[str, Any]:
    moments: list[dict[str, Any]] = test["moments"]
    last = max((moment["at"] for moment in moments), default=0.0)
    lanes: dict[int, list[dict[str, Any]]] = {}
    for moment in moments:
        lanes.setdefault(moment["number"], []).append(moment)
    return {
        **test,
        "failed": test["outcome"] == "failed",
        "jobs": sum(bool(number) for number in lanes),
        "lanes": [_lane(number, entries, last) for number, entries in sorted(lanes.items())],
        "rows": [{**moment, "when": shown_seconds(moment["at"])} for moment in moments],
    }


def _lane(number: int, moments: list[dict[str, Any]], last: float) -> dict[str, Any]:
    waits = [0.0, *(later["at"] - earlier["at"] for earlier, later in pairwise(moments))]
    chips = [
        {
            "word": _word(moment),
            "tone": _tone(moment),
            "percent": f"{100 * moment['at'] / last if last else 0:.2f}",
            "wait": shown_seconds(wait) if wait > 0 else "",
        }
        for moment, wait in zip(moments, waits, strict=True)
    ]
    return {"number": number, "call": moments[0]["call"], "chips": chips}


def _word(moment: Mapping[str, Any]) -> str:
    if moment["what"] == "performed":
        return f"attempt {moment['attempt']}: {moment['state']}"
    if moment["what"] in ("enqueued", "retry"):
        return "enqueued" if moment["what"] == "enqueued" else "enqueued again"
    return str(moment["text"]).partition(":")[0][:60]


def _tone(moment: Mapping[str, Any]) -> str:
    if moment["state"] == "succeeded":
        return "good"
    if moment["state"] in _BAD or moment["what"] in ("discarded", "died"):
        return "bad"
    if moment["what"] in ("performed", "retry"):
        return "wait"
    return "calm"
