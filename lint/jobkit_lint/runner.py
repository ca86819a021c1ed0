"""One run: files in, findings out. Knows nothing of the command line and prints nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Confidence, Finding, Problem
from jobkit_lint.index.program import Program, shown_files
from jobkit_lint.judging import Judgement
from jobkit_lint.mapping import available_processes
from jobkit_lint.paths import python_files
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.selection import rules_named
from jobkit_lint.settings import Settings
from jobkit_lint.suppressions import Suppression
from jobkit_lint.tree.expressions import At


@dataclass(frozen=True)
class Request:
    """What to lint. `contents` are files that are not read from the disk, by absolute path (standard input)."""

    paths: Sequence[str]
    settings: Settings
    root: Path
    rules: Sequence[type[Rule]]
    processes: int = field(default_factory=available_processes)
    contents: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Outcome:
    """What came of it.

    `suppressed` counts findings kept back by a comment, `likely_hidden` those that only ``--pedantic`` shows.
    `used_suppressions` are the comments that kept one back, by path, line and column.
    """

    findings: list[Finding]
    problems: list[Problem]
    program: Program
    suppressed: int
    likely_hidden: int
    seconds: float
    used_suppressions: set[tuple[str, int, int]]


def project_root(paths: Sequence[str]) -> Path:
    """The folder that imports are resolved in: the nearest above the paths that is a project, else their parent."""
    folders = [Path(path).resolve() for path in paths] or [Path.cwd()]
    common = folders[0] if folders[0].is_dir() else folders[0].parent
    for folder in folders[1:]:
        while not folder.is_relative_to(common):
            common = common.parent
    for candidate in (common, *common.parents):
        if (candidate / ".git").exists() or (candidate / "pyproject.toml").is_file():
            return candidate
    return common


def run(request: Request) -> Outcome:
    """Lints what is asked for. Raises `LintError` for wrong use; what is wrong in the user's files is a problem."""
    started = time.perf_counter()
    settings = request.settings
    program = read_program(request)
    judgement = Judgement(Analysis(program), request.rules)
    kept: list[Finding] = []
    used: set[tuple[str, int, int]] = set()
    suppressed = likely = 0
    for finding, report in judgement.run():
        if _is_ignored_there(finding, program, settings):
            continue
        comment = _suppression(finding, report)
        if comment is not None:
            used.add((finding.path, comment.line, comment.column))
            suppressed += 1
        elif finding.confidence == Confidence.LIKELY and not settings.pedantic:
            likely += 1
        else:
            kept.append(finding)
    problems = {problem.order: problem for problem in [*program.problems, *judgement.problems]}
    return Outcome(
        kept,
        [problems[order] for order in sorted(problems)],
        program,
        suppressed,
        likely,
        time.perf_counter() - started,
        used,
    )


def read_program(request: Request) -> Program:
    """The jobs and enqueue sites of the files asked for."""
    settings = request.settings
    exclude = GitIgnoreSpec.from_lines([*settings.exclude, *settings.extend_exclude])
    walked = shown_files(python_files(request.paths, exclude, request.root)) if request.paths else []
    words = {word for rule in request.rules for word in rule.signs}
    program = Program(request.root, settings, request.contents, words)
    program.read([*walked, *shown_files(request.contents)], request.processes)
    return program


def _suppression(finding: Finding, report: Report) -> Suppression | None:
    lines = _lines(report.at, report.within)
    for suppression in report.module.summary.suppressions:
        covers = suppression.whole_file or suppression.line in lines
        if covers and suppression.holds_for(finding.code, finding.name):
            return suppression
    return None


def _lines(at: At, within: At | None) -> range:
    if within is None:
        return range(at.line, at.end_line + 1)
    return range(min(at.line, within.line), max(at.end_line, within.end_line) + 1)


def _is_ignored_there(finding: Finding, program: Program, settings: Settings) -> bool:
    for pattern, words in settings.per_file_ignores.items():
        path = Path(finding.path).resolve()
        relative = path.relative_to(program.root).as_posix() if path.is_relative_to(program.root) else finding.path
        if GitIgnoreSpec.from_lines([pattern]).match_file(relative):
            codes = {rule.code for word in words for rule in rules_named(word, preview=True)}
            if finding.code in codes:
                return True
    return False
