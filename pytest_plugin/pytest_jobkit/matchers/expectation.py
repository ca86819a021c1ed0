"""What is wanted of the jobs of a test, and the verdict on it: values, without a word of text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from jobkit import ConfigError
from pytest_jobkit.matchers.arguments import misfit
from pytest_jobkit.matchers.conditions import Condition, Difference
from pytest_jobkit.matchers.count import DEFAULT, Count
from pytest_jobkit.matchers.sighting import Population, Sighting
from pytest_jobkit.matchers.target import Selection, Target

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


@dataclass(frozen=True, slots=True)
class Expectation:
    """Which jobs of a population, and how many of them.

    Attributes:
        target: the job; None for any.
    """

    population: Population
    target: Target | Selection | None = None
    conditions: tuple[Condition, ...] = ()
    count: Count = DEFAULT

    def with_condition(self, condition: Condition) -> Expectation:
        """The same, with one more condition.

        Raises:
            ConfigError: there is one about that subject already.
        """
        for known in self.conditions:
            if known.subject == condition.subject:
                raise ConfigError(f"{condition.written} contradicts {known.written} before it: keep one of the two")
        return replace(self, conditions=(*self.conditions, condition))


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A job that is not as wanted.

    Attributes:
        is_that_job: whether it is the wanted job, in some other way.
        differences: each field that differs, those of the job's name apart.
    """

    seen: Sighting
    is_that_job: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An expectation held against what was there.

    Attributes:
        matched: the jobs that are as wanted, in order.
        mismatches: the others, the nearest first.
        misfits: of those that matched, why their arguments could not be passed to the body.
        in_block: whether this is about one block, not the whole test.
    """

    expectation: Expectation
    matched: tuple[Sighting, ...]
    mismatches: tuple[Mismatch, ...]
    misfits: tuple[tuple[Sighting, str], ...]
    in_block: bool

    @property
    def is_met(self) -> bool:
        """Whether as many jobs as wanted are as wanted."""
        return self.expectation.count.allows(len(self.matched)) and not self.misfits

    @property
    def is_ambiguous(self) -> bool:
        """Whether several match where no count was given: then neither yes nor no would be honest."""
        return len(self.matched) > 1 and not self.expectation.count.given


def judge(expectation: Expectation, sightings: Iterable[Sighting], in_block: bool) -> Verdict:
    """Hold `expectation` against jobs, in their order."""
    matched: list[Sighting] = []
    mismatches: list[Mismatch] = []
    target = expectation.target
    for seen in sightings:
        is_that_job = target is None or target.is_met_by(seen.record.envelope)
        # A job of another kind is not asked: its arguments mean something else.
        asked = expectation.conditions if is_that_job else ()
        differences = tuple(difference for condition in asked for difference in condition.differences(seen))
        if is_that_job and not differences:
            matched.append(seen)
        else:
            mismatches.append(Mismatch(seen, is_that_job, differences))
    mismatches.sort(key=lambda mismatch: (not mismatch.is_that_job, len(mismatch.differences)))
    misfits = tuple((seen, text) for seen in matched if (text := misfit(seen.record)) is not None)
    return Verdict(expectation, tuple(matched), tuple(mismatches), misfits, in_block)
