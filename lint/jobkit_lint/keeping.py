"""Which findings are told, and which are kept back: by a comment, by the settings of their file, by likelihood."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from jobkit_lint.diagnostic import Confidence, Finding, Problem
from jobkit_lint.index.program import Program
from jobkit_lint.index.symbols import Module
from jobkit_lint.nested_settings import NestedSettings
from jobkit_lint.rules.base import Report
from jobkit_lint.selection import rules_named
from jobkit_lint.settings import Settings
from jobkit_lint.suppressions import Suppression


@dataclass
class Keeping:
    """Sorts findings. `suppressed` and `likely` count those kept back by a comment and for lack of certainty.

    `used` has, for each comment that kept a finding back (shown path, line, column), the codes in it that did;
    a comment without codes has the empty text.
    """

    program: Program
    settings: NestedSettings
    suppressed: int = 0
    likely: int = 0
    used: dict[tuple[str, int, int], set[str]] = field(default_factory=dict)

    def told(self, judged: Iterable[tuple[Finding, Report]]) -> list[Finding]:
        """The findings of rules that are told."""
        found = []
        for finding, report in judged:
            comments = self._comments(finding, report.module, _lines(report))
            if comments:
                self.suppressed += 1
            elif not self.settings.runs(finding.code, finding.path) or is_ignored(
                finding.code, finding.path, self.program.root, self.settings.of(finding.path)
            ):
                continue
            elif finding.confidence == Confidence.LIKELY and not self.settings.of(finding.path).pedantic:
                self.likely += 1
            else:
                found.append(finding)
        return found

    def told_later(self, findings: Iterable[Finding]) -> list[Finding]:
        """The same for findings about the run itself, of which only the line is known.

        They are about comments as a rule, so a comment holds for them only if it names them.
        """
        modules = {module.shown: module for module in self.program.selected}
        found = []
        for finding in findings:
            module = modules.get(finding.path)
            lines = range(finding.line, finding.end_line + 1)
            if module is not None and self._comments(finding, module, lines, named=True):
                self.suppressed += 1
            elif self.settings.runs(finding.code, finding.path) and not is_ignored(
                finding.code, finding.path, self.program.root, self.settings.of(finding.path)
            ):
                found.append(finding)
        return found

    def told_problems(self, problems: Iterable[Problem]) -> list[Problem]:
        """The problems, less the parse errors of files whose settings ignore them."""
        return [
            problem
            for problem in problems
            if problem.rule is None
            or not is_ignored(problem.rule, problem.path, self.program.root, self.settings.of(problem.path))
        ]

    def _comments(
        self, finding: Finding, module: Module, lines: Collection[int], named: bool = False
    ) -> list[Suppression]:
        """The comments that cover the finding: each of them counts as used."""
        found = []
        for comment in module.summary.suppressions:
            is_here = (comment.whole_file or comment.line in lines) and (comment.codes or not named)
            if is_here and comment.holds_for(finding.code, finding.name):
                given = [code for code in comment.codes if comment.names(code, finding.code, finding.name)]
                self.used.setdefault((finding.path, *comment.place), set()).update(given or [""])
                found.append(comment)
        return found


def _lines(report: Report) -> range:
    at, within = report.at, report.within
    if within is None:
        return range(at.line, at.end_line + 1)
    return range(min(at.line, within.line), max(at.end_line, within.end_line) + 1)


def is_ignored(code: str, shown: str, root: Path, settings: Settings) -> bool:
    """Whether ``per-file-ignores`` leaves the rule out for a file. Patterns are relative to the project's root."""
    for pattern, words in settings.per_file_ignores.items():
        path = Path(shown).resolve()
        relative = path.relative_to(root).as_posix() if path.is_relative_to(root) else shown
        if GitIgnoreSpec.from_lines([pattern]).match_file(relative):
            codes = {rule.code for word in words for rule in rules_named(word, preview=True)}
            if code in codes:
                return True
    return False
