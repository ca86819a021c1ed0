"""One run: files in, findings out. Knows nothing of the command line and prints nothing."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec.structs import replace
from pathspec import GitIgnoreSpec

from jobkit_lint.analysis import Analysis
from jobkit_lint.baseline import Baseline, Entry, StaleEntry, read_baseline
from jobkit_lint.cache import FOLDER, Cache, modules_stamp
from jobkit_lint.config import common_folder, is_file
from jobkit_lint.diagnostic import PARSE_ERROR, Finding, Problem
from jobkit_lint.index.program import Program, shown_files
from jobkit_lint.judging import Judgement
from jobkit_lint.keeping import Keeping
from jobkit_lint.mapping import available_processes
from jobkit_lint.nested_settings import NestedSettings
from jobkit_lint.paths import python_files
from jobkit_lint.progress import Progress
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.registry import is_own
from jobkit_lint.settings import Settings
from jobkit_lint.since import Changes
from jobkit_lint.source import Unreadable
from jobkit_lint.timings import Timings
from jobkit_lint.upkeep import AfterRun, Run


@dataclass(frozen=True)
class Request:
    """What to lint. `contents` are files that are not read from the disk, by absolute path (standard input).

    `nested` are the settings by file (default: `settings` for all). `since` keeps to what has changed. `baseline` is
    the one to use; without it that of the settings is, unless `use_baseline` is False. `tells_broken_files`
    is False where parse errors were ignored. `cache_dir` is where the cache is, if not in the project's root.
    `earlier` is what files held before a change, for rules that compare; without it `since` tells.
    """

    paths: Sequence[str]
    settings: Settings
    root: Path
    rules: Sequence[type[Rule]]
    processes: int = field(default_factory=available_processes)
    contents: dict[str, bytes] = field(default_factory=dict)
    nested: NestedSettings | None = None
    since: Changes | None = None
    baseline: Baseline | None = None
    use_baseline: bool = True
    tells_broken_files: bool = True
    use_cache: bool = True
    cache_dir: str | None = None
    progress: Progress = field(default_factory=Progress)
    earlier: dict[str, bytes] | None = None


@dataclass
class Outcome:
    """What came of it.

    `suppressed` counts findings kept back by a comment, `likely_hidden` those that only ``--pedantic`` shows,
    `baselined` those of the baseline. `rules` are those that ran, `fixed` how many findings were mended, and
    `stale` the entries of `baseline` that matched less than they say.
    """

    findings: list[Finding]
    problems: list[Problem]
    program: Program
    suppressed: int
    likely_hidden: int
    seconds: float
    rules: tuple[type[Rule], ...] = ()
    baselined: int = 0
    fixed: int = 0
    baseline: Baseline | None = None
    stale: Sequence[StaleEntry] = ()
    timings: Timings = field(default_factory=Timings)

    def lines(self, shown: str) -> list[str]:
        """The lines of a file; none if it cannot be read."""
        try:
            return self.program.source(self.program.path_of(shown)).lines
        except Unreadable:
            return []


def project_root(paths: Sequence[str]) -> Path:
    """The folder that imports are resolved in: the nearest above the paths that is a project, else their parent."""
    common = common_folder(paths or ["."])
    for candidate in (common, *common.parents):
        if os.path.exists(candidate / ".git") or is_file(candidate / "pyproject.toml"):  # noqa: PTH110
            return candidate
    return common


def run(request: Request) -> Outcome:
    """Lints what is asked for. Raises `LintError` for wrong use; what is wrong in the user's files is a problem."""
    started = time.perf_counter()
    timings = Timings()
    nested = request.nested or NestedSettings(request.settings)
    with timings.phase("read files, find jobs"):
        request.progress.begin("finding jobs")
        program = read_program(request)
    with timings.phase("settings of folders"):
        chosen = {*request.rules, *nested.rules(_folders(program.files))}
        rules = tuple(sorted(chosen, key=lambda rule: rule.code))
    analysis = Analysis(program, _before(request, rules))
    judgement = _Watched(analysis, rules, request.progress, timings)
    with timings.phase("judge"):
        judged = judgement.run()
    with timings.phase("sort out findings"):
        keeping = Keeping(program, nested)
        findings = keeping.told(judged)
        outcome = Outcome(findings, [], program, 0, 0, 0.0, rules, timings=timings)
        failed = frozenset(problem.rule for problem in judgement.problems if problem.rule is not None)
        after = Run(program, rules, keeping.used, failed, _covers(request.paths, program.root))
        about = [rule for rule in judgement.rules if isinstance(rule, AfterRun)]
        outcome.findings += keeping.told_later(finding for rule in about for finding in rule.check_run(after))
        _compare_with_baseline(request, outcome)
        outcome.findings += keeping.told_later(
            finding for rule in about for finding in rule.check_baseline(outcome.stale)
        )
        if request.since is not None:
            outcome.findings = [finding for finding in outcome.findings if request.since.concern(finding)]
        outcome.findings.sort(key=lambda finding: finding.order)
        outcome.suppressed, outcome.likely_hidden = keeping.suppressed, keeping.likely
        problems = _problems(request, [*program.problems, *judgement.problems])
        outcome.problems = keeping.told_problems(problems)
    outcome.seconds = time.perf_counter() - started
    return outcome


def _before(request: Request, rules: Sequence[type[Rule]]) -> Analysis | None:
    """The changed files as they were, if a rule compares with them and it is known what has changed."""
    if not any(rule.compares for rule in rules):
        return None
    earlier = request.earlier
    if earlier is None and request.since is not None:
        earlier = request.since.earlier()
    if not earlier:
        return None
    asked = Request([], request.settings, request.root, (), 1, earlier, use_cache=False)
    return Analysis(read_program(asked))


class _Watched(Judgement):
    """A judgement that tells which rule it is at, and how long each took."""

    def __init__(self, analysis: Analysis, rules: Sequence[type[Rule]], progress: Progress, timings: Timings) -> None:
        super().__init__(analysis, rules)
        self.progress = progress
        self.timings = timings
        progress.begin("judging", len(rules))

    def _judge(self, rule: Rule) -> None:
        self.progress.step(f"{rule.code} {rule.name}")
        with self.timings.rule(rule.code):
            super()._judge(rule)

    def finding(self, rule: Rule, report: Report, others: int) -> Finding:
        finding = super().finding(rule, report, others)
        return finding if is_own(type(rule)) else replace(finding, help_url=rule.help_url)


def _problems(request: Request, problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once, sorted; files that could not be parsed or read carry the code of that rule."""
    found: dict[tuple[str, int, str], Problem] = {}
    for problem in problems:
        if problem.kind in ("syntax", "unreadable"):
            if request.tells_broken_files:
                # what a newer Python reads may be no error there
                version = f" (read as Python {sys.version_info[0]}.{sys.version_info[1]})" * (problem.kind == "syntax")
                found[problem.order] = replace(problem, rule=PARSE_ERROR, message=problem.message + version)
        else:
            found[problem.order] = problem
    return [found[order] for order in sorted(found)]


def _compare_with_baseline(request: Request, outcome: Outcome) -> None:
    baseline = _baseline(request)
    if baseline is None:
        return
    told = outcome.findings
    outcome.findings, met = baseline.split(told, outcome.lines)
    outcome.baselined = len(told) - len(outcome.findings)
    seen = {path for path, _ in outcome.program.files}
    ran = {rule.code for rule in outcome.rules}

    def is_judged(entry: Entry, path: Path) -> bool:
        # a file that is gone takes its entries with it, if it was looked for
        looked_at = os.path.normpath(path) in seen or (not path.exists() and _covers(request.paths, path.parent))
        return entry.code in ran and looked_at

    outcome.baseline, outcome.stale = baseline, baseline.stale(met, is_judged)


def _baseline(request: Request) -> Baseline | None:
    if request.baseline is not None or not request.use_baseline or request.settings.baseline is None:
        return request.baseline
    path = request.root / request.settings.baseline
    content = request.contents.get(str(path))
    shown = shown_files([str(path)])[0][1]
    return read_baseline(path, shown, content)


def _covers(paths: Sequence[str], folder: Path) -> bool:
    """Whether one of the given paths is the folder or above it."""
    return any(folder.resolve().is_relative_to(Path(path).resolve()) for path in paths)


def read_program(request: Request) -> Program:
    """The jobs and enqueue sites of the files asked for, or what an earlier run has found, where nothing changed."""
    settings = request.settings
    exclude = GitIgnoreSpec.from_lines([*settings.exclude, *settings.extend_exclude])
    walked = shown_files(python_files(request.paths, exclude, request.root)) if request.paths else []
    words = {word for rule in request.rules for word in rule.signs}
    cache = Cache(request.cache_dir or str(request.root / FOLDER), _note) if request.use_cache else None
    program = Program(request.root, settings, request.contents, words, cache)
    program.read([*walked, *shown_files(request.contents)], request.processes, question=_question(request, walked))
    return program


def _question(request: Request, walked: Sequence[tuple[str, str]]) -> str | None:
    """What findings depend on besides the files; None where that is more than can be told, as with ``--since``."""
    if request.since is not None or request.earlier is not None:
        return None
    rules = {*request.rules, *(request.nested.rules(_folders(walked)) if request.nested is not None else ())}
    codes = sorted(rule.code for rule in rules)
    stamp = modules_stamp(rule.__module__ for rule in rules if not is_own(rule))
    return repr((codes, msgspec.json.encode(request.settings), stamp))


def _folders(files: Iterable[tuple[str, str]]) -> list[Path]:
    """The folders of the files, sorted."""
    return sorted(map(Path, {os.path.dirname(path) for path, _ in files}))  # noqa: PTH120


def _note(text: str) -> None:
    print(f"jobkit lint: {text}", file=sys.stderr)
