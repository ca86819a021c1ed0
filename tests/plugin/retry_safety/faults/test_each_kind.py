"""Every kind of fault through the public face: the bug that it finds, its replay string, the twin that passes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import one_kind_jobs as jobs
import pytest
from sample_shop import Shop, shop_world

from pytest_jobkit.retry_safety import Call, NotRetrySafe, at_least_once, effect, replay, retry_safe, world
from pytest_jobkit.retry_safety.exploring.faults import FaultKind


class Workers:
    """Workers that say when they are at work; a worker that is gone is not listed any more."""

    def __init__(self) -> None:
        self.present: list[int] = []
        self.number = 0

    def enter(self) -> int:
        with effect("registry", "enter", resource="workers"):
            self.number += 1
            self.present = [*self.present, self.number]
            return self.number

    def others(self, me: int) -> list[int]:
        with effect("registry", "list", mode="read", resource="workers"):
            return [worker for worker in self.present if worker != me]

    def leave(self, me: int) -> None:
        with effect("registry", "leave", resource="workers"):
            self.present = [worker for worker in self.present if worker != me]


@world
def larger_shop() -> Iterator[Shop]:
    for shop in shop_world():
        shop.calendar = {"day": 1}
        shop.lock = {"until": 0.0}
        shop.workers = Workers()

        def advance(seconds: float, shop: Any = shop) -> None:
            if seconds > 86_400:
                shop.calendar["day"] += 1

        shop.advance = advance
        yield shop


@dataclass(frozen=True)
class Case:
    """One kind.

    Attributes:
        kind: what is asked for.
        job: what it breaks.
        twin: what it does not break.
        schedule: the first failing one.
        headline: what the customer notices.
        harmless: the kinds under which the job passes.
        settings: what the kind needs.
    """

    kind: str
    job: Any
    twin: Any
    schedule: str
    headline: str
    harmless: str
    settings: dict[str, Any] = field(default_factory=dict)

    def run(self, job: Any, kinds: str, pinned: str | None = None, label: str = "") -> Any:
        """The public face: a decorated test."""
        settings = {"volatile": ["calendar", "workers.number"], **self.settings}
        test = retry_safe(job, 1, world=larger_shop, kinds=kinds, **settings)(observe)
        return (test if pinned is None else replay(pinned, label)(test))()


def observe(shop):
    return shop.rows()


IGNORED = {"channels": {"cache": "ignore", "registry": "ignore"}}
ALONE = "kill term before"
AT_ONCE = "dup zombie interleave"
CASES = [
    Case("noack", jobs.add_to_the_balance, jobs.add_to_the_balance_once, "rs1:1.noack2", "wrong value: balance", ALONE),
    Case(
        "kill", jobs.in_progress, jobs.without_progress, "rs1:1.kill3", "never charged",
        "noack term before dup",
    ),
    Case(
        "term", jobs.gives_up_when_terminated, jobs.without_progress, "rs1:1.term1", "never charged",
        f"noack kill before after late {AT_ONCE}",
    ),
    Case(
        "before", jobs.swallows_an_error, jobs.lets_the_error_out, "rs1:1.before0", "never charged",
        f"noack kill term after late {AT_ONCE}",
    ),
    Case(
        "after", jobs.tries_again_with_another_key, jobs.tries_again_with_the_same_key, "rs1:1.after0", "charged twice",
        f"noack kill term before late {AT_ONCE}",
    ),
    Case(
        "noack late", jobs.key_of_the_day, jobs.lets_the_error_out, "rs1:1.noack3+25h", "charged twice",
        f"noack kill term before after {AT_ONCE}",
    ),
    Case(
        "dup", jobs.confirm, jobs.confirm_if_new, "rs1:1.dup1", "wrong value: orders",
        "noack kill term before after late zombie interleave", {"later": Call(jobs.ship, 1)},
    ),
    Case(
        "zombie", jobs.locked_for_a_minute, jobs.locked_and_keyed, "rs1:1.zombie2+61s", "charged twice",
        "noack interleave", IGNORED,
    ),
    Case(
        "interleave",
        jobs.leaves_it_to_the_other, jobs.comes_again_if_somebody_is_at_it, "rs1:i=122112", "never charged",
        "noack late dup zombie", IGNORED,
    ),
    Case(
        "wrong", jobs.does_not_look_at_the_answer, jobs.looks_at_the_answer, "rs1:1.wrong0", "never transferred",
        f"noack kill term before after late {AT_ONCE}", {"wrong": {"bank": [{"status": 409}]}},
    ),
]  # fmt: skip
by_kind = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind.replace(" ", "-"))


@by_kind
def test_the_kind_finds_its_bug(case: Case):
    with pytest.raises(NotRetrySafe) as caught:
        case.run(case.job, case.kind)

    assert caught.value.report.schedule == case.schedule
    assert case.headline in str(caught.value)


@by_kind
def test_its_replay_string_brings_the_bug_back(case: Case):
    with pytest.raises(NotRetrySafe) as caught:
        case.run(case.job, case.kind, pinned=case.schedule)

    assert caught.value.report.how == "replay"
    assert case.headline in str(caught.value)


@by_kind
def test_kinds_that_cannot_find_the_bug_pass(case: Case):
    dataclasses.replace(case, settings={**case.settings, "faults": 1}).run(case.job, case.harmless)


@by_kind
def test_the_repaired_twin_passes(case: Case):
    case.run(case.twin, case.kind)
    if case.kind not in ("dup", "zombie", "interleave"):
        case.run(case.twin, "noack kill term before after late")


@by_kind
def test_a_label_that_the_report_prints_pins_the_same_place(case: Case):
    with pytest.raises(NotRetrySafe) as caught:
        case.run(case.job, case.kind)
    label = next((line.split("label: ")[1] for line in str(caught.value).splitlines() if "label: " in line), "")

    with pytest.raises(NotRetrySafe) as again:
        case.run(case.job, case.kind, pinned=case.schedule, label=label)

    assert not [note for note in again.value.report.notes if "moved" in note]


def test_every_kind_has_its_case():
    assert {kind for case in CASES for kind in case.kind.split()} == {*FaultKind, "late"}


def test_a_policy_says_that_twice_is_good_enough_for_a_zombie():
    case = next(case for case in CASES if case.kind == "zombie")
    settings = {"channels": {**IGNORED["channels"], "http": at_least_once}}

    retry_safe(case.job, 1, world=larger_shop, kinds="zombie", **settings)(observe)()
