"""The failing schedule as a story: each delivery with its effects, and what is to be said about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jobkit.outcome import OutcomeKind
from pytest_jobkit.retry_safety.effects.ledger import Entry, entry_of
from pytest_jobkit.retry_safety.effects.record import NOTHING, Effect, State
from pytest_jobkit.retry_safety.exploring.faults import Fault, FaultKind, Schedule, duration
from pytest_jobkit.retry_safety.exploring.scene import Delivered
from pytest_jobkit.retry_safety.setup import BACKOFF_SECONDS


@dataclass(frozen=True, slots=True)
class Step:
    """One effect of the story.

    Attributes:
        effect: the effect.
        remark: what is to be said about it; may be empty.
        repeated: whether the receiver acts on it again.
    """

    effect: Effect
    remark: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """One delivery of the story.

    Attributes:
        number: 1 for the first.
        wait: seconds since the delivery before.
        steps: its effects.
        end: how it ended, in words.
        good: whether the queue is done with the message.
    """

    number: int
    wait: int
    steps: list[Step] = field(default_factory=list)
    end: str = ""
    good: bool = False


def tell(schedule: Schedule, deliveries: Sequence[Delivered]) -> list[Chapter]:
    """The story of a run under a schedule."""
    seen: Counter[Entry] = Counter()
    answers: dict[tuple[str, str], object] = {}
    chapters = []
    wait = 0
    for delivered in deliveries:
        faults = [fault for fault in schedule if fault.delivery == delivered.number]
        steps = list(_steps(delivered, faults, seen, answers))
        good = delivered.acknowledged
        chapters.append(Chapter(delivered.number, wait, steps, _end(delivered, faults), good))
        wait = BACKOFF_SECONDS + delivered.delay
    return chapters


def _steps(
    delivered: Delivered, faults: list[Fault], seen: Counter[Entry], answers: dict[tuple[str, str], object]
) -> Iterator[Step]:
    lost = any(fault.kind is FaultKind.KILL for fault in faults) or not delivered.acknowledged
    committed = max((effect.index for effect in delivered.effects if _is_commit(effect)), default=-1)
    for effect in delivered.effects:
        if effect.operation.external and effect.took_place:
            entry = entry_of(effect)
            seen[entry] += 1
            if seen[entry] > 1:
                yield Step(effect, _ordinal(seen[entry]), repeated=True)
                continue
        yield Step(effect, _remark(effect, lost, committed, answers))


def _is_commit(effect: Effect) -> bool:
    return effect.durable and effect.took_place and not effect.operation.external


def _remark(effect: Effect, lost: bool, committed: int, answers: dict[tuple[str, str], object]) -> str:
    match effect.state:
        case State.REFUSED:
            return "✗ raised; it did not take place"
        case State.UNANSWERED:
            return "✗ took place, answer lost"
        case State.WRONG:
            return "✗ another answer; it did not take place"
        case State.DEDUPLICATED:
            return "answered from its key"
        case State.FAILED:
            return "raised by itself"
        case State.CLEANUP:
            return "clean-up code of the dying worker"
    if effect.operation.reads:
        return _answer(effect, answers)
    if effect.operation.external:
        return "took place at the receiver" if lost else ""
    return "never committed" if lost and not effect.durable and effect.index > committed else ""


def _answer(effect: Effect, answers: dict[tuple[str, str], object]) -> str:
    question = (effect.place, effect.detail)
    before = answers.get(question)
    answers[question] = effect.answer
    if before is None:
        return NOTHING if effect.answer == NOTHING else ""
    return "same answer as before" if before == effect.answer else "different answer"


def _ordinal(count: int) -> str:
    return f"◀ {({2: 'second', 3: 'third'}).get(count, f'{count}th')} time"


def _end(delivered: Delivered, faults: list[Fault]) -> str:
    kinds = {fault.kind for fault in faults if fault in delivered.fired}
    nothing = not any(_is_commit(effect) for effect in delivered.effects)
    swallowed = "; the body swallowed the error" if "swallowed" in delivered.outcome.reason else ""
    if FaultKind.KILL in kinds:
        return f"worker killed{'; nothing was committed' if nothing else ''}{swallowed}"
    if FaultKind.TERM in kinds:
        return f"worker terminated, after its clean-up code{swallowed}"
    if FaultKind.NOACK in kinds:
        return "done, but the acknowledgement was lost"
    if delivered.acknowledged:
        done = delivered.outcome.kind is OutcomeKind.SUCCEEDED
        return "acknowledged" if done else f"acknowledged as {delivered.outcome.kind}"
    error = delivered.outcome.error
    return f"{type(error).__name__}: {error}" if error is not None else str(delivered.outcome.kind)


def others(schedule: Schedule, also: Sequence[Schedule]) -> list[str]:
    """The other schedules with the same consequence that differ in the last fault alone, in words."""
    last = [other[-1] for other in also if other[:-1] == schedule[:-1]]
    parts = []
    for kind, one, many, first in (
        (FaultKind.KILL, "it is killed in gap {}", "it is killed in gaps {}", 0),
        (FaultKind.TERM, "it is terminated in gap {}", "it is terminated in gaps {}", 0),
        (
            FaultKind.BEFORE,
            "effect {} raises without taking place",
            "one of the effects {} raises without taking place",
            1,
        ),
        (
            FaultKind.AFTER,
            "effect {} raises after it took place",
            "one of the effects {} raises after it took place",
            1,
        ),
    ):
        at = sorted({fault.at + first for fault in last if fault.kind is kind and not fault.delay})
        if at:
            words = one if len(at) == 1 else many
            parts.append(words.format(", ".join(map(str, at))))
    if any(fault.kind is FaultKind.NOACK for fault in last):
        parts.append("its acknowledgement is lost")
    late = [fault.delay for fault in last if fault.delay]
    if late:
        parts.append(f"it comes again {duration(late[0])} later")
    return parts
