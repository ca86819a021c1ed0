"""Rules about the linting itself: comments that keep nothing back, entries of a baseline that match nothing.

They judge a run after all other rules. Such a rule is a `Rule` that is an `AfterRun` as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from jobkit_lint.baseline import StaleEntry
from jobkit_lint.diagnostic import Applicability, Confidence, Edit, Finding, Fix
from jobkit_lint.index.program import Program
from jobkit_lint.index.symbols import Module
from jobkit_lint.judging import HELP_URL
from jobkit_lint.rules.base import Default, Rule
from jobkit_lint.rules.registry import all_rules
from jobkit_lint.suppressions import Suppression


@dataclass(frozen=True)
class Run:
    """What is known once the other rules have run.

    `rules` are those that ran, `used` the codes of each comment that kept something back, `failed` the rules
    that failed anywhere, `whole` whether all of the project was looked at.
    """

    program: Program
    rules: Sequence[type[Rule]]
    used: dict[tuple[str, int, int], set[str]]
    failed: frozenset[str]
    whole: bool

    def suppressions(self) -> Iterator[tuple[Module, Suppression]]:
        """Every suppression comment of the files with a sign of a job, in order."""
        for module in sorted(self.program.selected, key=lambda module: module.shown):
            if self.program.is_given(module):
                for suppression in module.summary.suppressions:
                    yield module, suppression

    def can_tell(self, rule: type[Rule], module: Module) -> bool:
        """Whether silence of the rule in the file means that it has nothing to say there."""
        if rule not in self.rules or rule.code in self.failed:
            return False
        if not self.whole and rule.check_program is not Rule.check_program:
            return False
        return rule.in_tests or self.program.settings.lint_tests or not self.program.is_test(module)

    def can_tell_all(self, module: Module) -> bool:
        """The same for every rule that is on by default."""
        return all(
            self.can_tell(rule, module)
            for rule in all_rules()
            if rule.default == Default.ON and not issubclass(rule, AfterRun)
        )


class AfterRun:
    """What makes a rule one about the run. `companions` are codes of rules that its examples need to have run."""

    companions: ClassVar[tuple[str, ...]] = ()
    code: ClassVar[str]

    def check_run(self, run: Run) -> Iterator[Finding]:
        """Judges a run."""
        yield from ()

    def check_baseline(self, stale: Sequence[StaleEntry]) -> Iterator[Finding]:
        """Judges the entries of the baseline that matched less than they say."""
        yield from ()


def about_comment(
    rule: type[Rule], module: Module, comment: Suppression, message: str, fix: Fix | None = None
) -> Finding:
    """A finding at a suppression comment."""
    return Finding(
        rule.code,
        rule.name,
        rule.severity,
        Confidence.CERTAIN,
        module.shown,
        comment.line,
        comment.column,
        comment.line,
        comment.end_column,
        message,
        fix=fix,
        help_url=HELP_URL.format(code=rule.code),
    )


def one_edit(description: str, edit: Edit, is_safe: bool) -> Fix:
    """A fix of a single edit."""
    return Fix(Applicability.SAFE if is_safe else Applicability.UNSAFE, description, (edit,))
