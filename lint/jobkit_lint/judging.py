"""Runs the rules over the program: the one place that catches a rule which fails."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from jobkit_lint.analysis import Analysis
from jobkit_lint.cache import Judged
from jobkit_lint.diagnostic import Applicability, Edit, Finding, Fix, Problem
from jobkit_lint.index.program import seen_before
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Fixing, Report, Rule
from jobkit_lint.source import Source, Unreadable
from jobkit_lint.tree.expressions import At

HELP_URL = "https://jobkit.readthedocs.io/linting/rules/{code}.html"


class Judgement:
    """Findings and problems of a run. `reports` are the findings in the terms of the rules."""

    def __init__(self, analysis: Analysis, rules: Sequence[type[Rule]]) -> None:
        self.analysis = analysis
        self.program = analysis.program
        self.rules = [rule() for rule in rules]
        self.problems: list[Problem] = []
        self.reports: list[tuple[Rule, Report]] = []

    def run(self) -> list[tuple[Finding, Report]]:
        """Every finding, once for each place, sorted; each with the report it was made from."""
        earlier = self.program.earlier
        if earlier is not None:
            self.problems = list(earlier.rule_problems)
            modules = {one.path: seen_before(one) for one in earlier.modules}
            return [(one.finding, _report_again(one, modules)) for one in earlier.judged]
        found = self._found()
        modules = {report.module.path: report.module for _, report in found}
        self.program.keep([_judged(finding, report) for finding, report in found], modules.values(), self.problems)
        return found

    def _found(self) -> list[tuple[Finding, Report]]:
        for rule in self.rules:
            self._judge(rule)
        found: dict[tuple[str, str, At], tuple[Rule, Report, int]] = {}
        for rule, report in self.reports:
            key = (rule.code, report.module.path, report.at)
            if key in found:
                first_rule, first, others = found[key]
                found[key] = (first_rule, first, others + (report.job is not first.job))
            else:
                found[key] = (rule, report, 0)
        findings = [(self.finding(rule, report, others), report) for rule, report, others in found.values()]
        return sorted(findings, key=lambda pair: pair[0].order)

    def _judge(self, rule: Rule) -> None:
        kind = type(rule)
        analysis = self.analysis
        if kind.check_job is not Rule.check_job:
            for job in self.program.selected_jobs():
                if self._concerns(rule, job.module, job.framework.name):
                    self._collect(rule, job.module, partial(rule.check_job, job, analysis))
        if kind.check_site is not Rule.check_site:
            for site in analysis.sites:
                if self._concerns(rule, site.module, site.framework.name):
                    self._collect(rule, site.module, partial(rule.check_site, site, analysis))
        if kind.check_module is not Rule.check_module:
            for module in self.program.selected:
                if self._concerns(rule, module, None):
                    self._collect(rule, module, partial(rule.check_module, module, analysis))
        if kind.check_program is not Rule.check_program:
            self._collect(rule, None, partial(rule.check_program, analysis))

    def _concerns(self, rule: Rule, module: Module, framework: str | None) -> bool:
        if framework is not None and rule.frameworks and framework not in rule.frameworks:
            return False
        return rule.in_tests or self.program.settings.lint_tests or not self.program.is_test(module)

    def _collect(self, rule: Rule, module: Module | None, check: Callable[[], Iterator[Report]]) -> None:
        try:
            for report in check():
                if self.program.is_given(report.module):
                    self.reports.append((rule, report))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            message = (
                f"rule {rule.code} ({rule.name}) failed with {type(error).__name__}: {error} "
                f"at {where.filename.rpartition('/')[2]}:{where.lineno}; please report it. The rest was judged"
            )
            shown = module.shown if module is not None else "the whole program"
            self.problems.append(Problem("rule", shown, message, None, rule.code))

    # -- from a report to a finding -------------------------------------------------------------------------

    def finding(self, rule: Rule, report: Report, others: int) -> Finding:
        """The finding that users see; `others` is how many more jobs lead to the same place."""
        try:
            source: Source | None = self.program.source(report.module.path)
        except Unreadable:
            source = None
        at = report.at
        more = f" (and in {others} more job{'s' if others > 1 else ''})" if others else ""
        return Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity,
            confidence=report.confidence,
            path=report.module.shown,
            line=at.line,
            column=source.column(at.line, at.column) if source else at.column + 1,
            end_line=at.end_line,
            end_column=source.column(at.end_line, at.end_column) if source else at.end_column + 1,
            message=report.message + more,
            job=report.job.name if report.job is not None else None,
            chain=report.chain,
            fix=_fix(report.fix, source) if report.fix is not None and source is not None else None,
            recipe=report.recipe,
            help_url=HELP_URL.format(code=rule.code),
        )


def _judged(finding: Finding, report: Report) -> Judged:
    at, within = report.at, report.within or report.at
    lines = min(at.line, within.line), max(at.end_line, within.end_line)
    return Judged(finding, report.module.path, *lines)


def _report_again(judged: Judged, modules: Mapping[str, Module]) -> Report:
    at = At(judged.first, 0, judged.last, 0)
    return Report(modules[judged.path], at, judged.finding.message, confidence=judged.finding.confidence)


def _fix(fixing: Fixing, source: Source) -> Fix:
    edits = tuple(
        Edit(
            edit.at.line,
            source.column(edit.at.line, edit.at.column),
            edit.at.end_line,
            source.column(edit.at.end_line, edit.at.end_column),
            edit.text,
        )
        for edit in fixing.edits
    )
    applicability = Applicability.SAFE if fixing.is_safe else Applicability.UNSAFE
    return Fix(applicability, fixing.description, edits)
