"""``jobkit lint``: arguments in, output and exit status out."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from jobkit_lint import baseline, config, fixing, ignoring, output
from jobkit_lint.diagnostic import PARSE_ERROR, Severity
from jobkit_lint.errors import ConfigError, LintError, UsageError
from jobkit_lint.nested_settings import Choice, NestedSettings
from jobkit_lint.options import lint_parser
from jobkit_lint.progress import progress_for
from jobkit_lint.rendering.problems import problem_line
from jobkit_lint.rendering.statistics import statistics_json, statistics_text
from jobkit_lint.reporters import Rendering, reporter
from jobkit_lint.runner import Outcome, Request, project_root, run
from jobkit_lint.selection import rules_named
from jobkit_lint.settings import Settings
from jobkit_lint.show_files import show_files
from jobkit_lint.show_jobs import show_jobs_json, show_jobs_text
from jobkit_lint.show_settings import show_settings
from jobkit_lint.since import changes_since
from jobkit_lint.verbs import CLEAN, FAILED, FOUND, VERBS, explain_rules


def main(argv: Sequence[str]) -> int:
    """Runs ``jobkit lint`` with these arguments and returns the exit status: 0 clean, 1 findings, 2 failure."""
    arguments = list(argv)
    try:
        if arguments and arguments[0] in VERBS:
            return VERBS[arguments[0]](arguments[1:])
        _refuse_misspelt_verb(arguments)
        given = lint_parser().parse_args(arguments)
        return explain_rules([given.explain]) if given.explain is not None else _lint(given)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else FAILED
    except LintError as error:
        print(f"jobkit lint: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # the reader has gone, as with `| head`
        output.silence()
        return FAILED
    except KeyboardInterrupt:
        print("jobkit lint: interrupted", file=sys.stderr)
        return FAILED
    except Exception:
        traceback.print_exc()
        print("jobkit lint: this is a fault of the linter; please report it with the lines above", file=sys.stderr)
        return FAILED


def _refuse_misspelt_verb(arguments: Sequence[str]) -> None:
    word = arguments[0] if arguments else ""
    verb = config.nearest_word(word, VERBS) if word.isalpha() and not Path(word).exists() else None
    if verb is not None:
        raise UsageError(f"{word}: there is no such file, folder or verb; did you mean `jobkit lint {verb}`?")


def _lint(given: argparse.Namespace) -> int:
    if given.unsafe_fixes and not (given.fix or given.diff):
        raise UsageError("--unsafe-fixes does nothing by itself; add --fix, or --diff to look first")
    paths = given.paths or ["."]
    contents = _standard_input(given, paths)
    if contents:
        paths = []
    settings, folder = _settings(given, paths or list(contents))
    root = project_root(paths or list(contents))
    if given.show_settings is not None:
        output.write(
            show_settings(given.show_settings, _choice(given), given.config, given.isolated), given.output_file
        )
        return CLEAN
    choice = _choice(given)
    rules = choice.rules(settings)
    if given.pedantic:
        settings = msgspec.structs.replace(settings, pedantic=True)
    ignored = {code for word in [*settings.ignore, *given.ignore] for code in rules_named(word, preview=True)}
    one_file = given.isolated or given.config is not None
    request = Request(
        paths,
        settings,
        root,
        rules,
        contents=contents,
        nested=NestedSettings(settings, None if one_file else choice, folder),
        since=changes_since(given.since, root) if given.since is not None else None,
        baseline=_baseline(given, settings, root),
        tells_broken_files=PARSE_ERROR not in {rule.code for rule in ignored},
        use_cache=not given.no_cache,
        cache_dir=given.cache_dir,
    )
    if given.jobs is not None:
        request = replace(request, processes=given.jobs)
    if given.show_files:
        output.write(show_files(request), given.output_file)
        return CLEAN
    with progress_for(not given.no_progress) as progress:
        request = replace(request, progress=progress)
        if given.write_baseline:
            return _write_baseline(request, given)
        if given.prune_baseline:
            return _prune_baseline(request)
        if given.add_ignores:
            return _add_ignores(request, given)
        mends = (given.fix or given.diff) and not given.show_jobs
        mended = fixing.mend(request, given.unsafe_fixes) if mends else None
        outcome = mended.outcome if mended is not None else run(request)
    if given.timings:
        sys.stderr.write(outcome.timings.table())
    if given.show_jobs:
        return _show_jobs(outcome, given)
    if mended is not None and given.diff:
        return _show_diff(mended, given)
    if mended is not None:
        mended.write(in_memory=_in_memory(request))
        if contents:
            _pass_on(mended, contents)
    _report(outcome, given, to_error_stream=bool(contents) and mended is not None)
    return _status(outcome, given, settings)


def _standard_input(given: argparse.Namespace, paths: Sequence[str]) -> dict[str, bytes]:
    """Standard input under the name that it was given, if it is asked for."""
    if "-" not in paths:
        return {}
    if len(paths) > 1:
        raise UsageError("`-` (standard input) stands alone; leave the other paths out")
    # Path has nothing that takes ".." out of a name without looking for links, and the file need not be there.
    return {os.path.abspath(given.stdin_filename): sys.stdin.buffer.read()}  # noqa: PTH100


def _choice(given: argparse.Namespace) -> Choice:
    return Choice(given.select, given.extend_select, given.ignore, given.preview, given.pedantic)


def _settings(given: argparse.Namespace, paths: Sequence[str]) -> tuple[Settings, Path | None]:
    """The settings of the run and the folder of their file: that above all paths, as the root of imports is."""
    if given.isolated:
        return Settings(), None
    if given.config is not None:
        if not Path(given.config).is_file():
            raise ConfigError(f"{given.config}: there is no such file; name a pyproject.toml")
        return config.load(Path(given.config)), Path(given.config).parent
    above_all = config.find_configuration(config.common_folder(paths))
    found = above_all or config.find_configuration(config.common_folder(paths[:1]))
    return (config.load(found), found.parent) if found is not None else (Settings(), None)


def _baseline_path(given: argparse.Namespace, settings: Settings, root: Path) -> tuple[Path, str]:
    """The file of the baseline and how it is shown: as given, else that of the settings, else the usual one."""
    if given.baseline is not None:
        return Path(given.baseline), given.baseline
    path = Path(settings.baseline) if settings.baseline is not None else root / baseline.DEFAULT_NAME
    return path, os.path.relpath(path)


def _baseline(given: argparse.Namespace, settings: Settings, root: Path) -> baseline.Baseline | None:
    """The baseline to compare with. One that is named must be there; the usual one is used if it is."""
    path, shown = _baseline_path(given, settings, root)
    is_named = given.baseline is not None or settings.baseline is not None
    if given.write_baseline or given.isolated or not (is_named or given.prune_baseline or config.is_file(path)):
        return None
    return baseline.read_baseline(path, shown)


def _write_baseline(request: Request, given: argparse.Namespace) -> int:
    path, shown = _baseline_path(given, request.settings, request.root)
    if path.exists():
        # what stands there is not overwritten if it is something else
        baseline.read_baseline(path, shown)
    outcome = run(replace(request, use_baseline=False))
    count = len(outcome.findings)
    baseline.of_findings(path, shown, outcome.findings, outcome.lines).write()
    usual = given.baseline is None
    how = "they are not told any more" if usual else f"lint with --baseline {shown}"
    print(f"{shown}: wrote {count} finding{'' if count == 1 else 's'}. Commit it; {how}")
    return _told_problems(outcome)


def _prune_baseline(request: Request) -> int:
    outcome = run(request)
    old = request.baseline
    if old is None:
        raise UsageError("there is no baseline to prune; write one with --write-baseline")
    old.pruned(outcome.stale).write()
    gone = sum(one.entry.count - one.found for one in outcome.stale)
    fresh = sum(finding.path != old.shown for finding in outcome.findings)
    print(f"{old.shown}: removed {gone} that were not found any more; {fresh} findings are not in it")
    return _told_problems(outcome)


def _add_ignores(request: Request, given: argparse.Namespace) -> int:
    mended = ignoring.add_ignores(request, given.reason)
    if given.diff:
        output.write(mended.diff(), given.output_file)
        return CLEAN
    mended.write(in_memory=_in_memory(request))
    files = len(mended.after)
    print(f"wrote comments for {mended.count} findings into {files} file{'' if files == 1 else 's'}", file=sys.stderr)
    _report(mended.outcome, given, to_error_stream=False)
    return _status(mended.outcome, given, request.settings)


def _told_problems(outcome: Outcome) -> int:
    for problem in outcome.problems:
        print(problem_line(problem), file=sys.stderr)
    return FAILED if outcome.problems else CLEAN


def _show_jobs(outcome: Outcome, given: argparse.Namespace) -> int:
    show = show_jobs_json if given.format == "json" else show_jobs_text
    output.write(show(outcome.program), given.output_file)
    return _told_problems(outcome)


def _show_diff(mended: fixing.Mended, given: argparse.Namespace) -> int:
    output.write(mended.diff(), given.output_file)
    print(f"Would fix {mended.count} finding{'' if mended.count == 1 else 's'}.", file=sys.stderr)
    status = _told_problems(mended.outcome)
    return status or (FOUND if mended.count and not given.exit_zero else CLEAN)


def _in_memory(request: Request) -> set[str]:
    relative = {os.path.relpath(path).replace(os.sep, "/") for path in request.contents}
    return relative | set(request.contents)


def _pass_on(mended: fixing.Mended, contents: dict[str, bytes]) -> None:
    """What came in by standard input, as it is after the fixes."""
    fixed = [source.content for source in mended.after.values()]
    sys.stdout.buffer.write((fixed or list(contents.values()))[0])
    sys.stdout.flush()


def _report(outcome: Outcome, given: argparse.Namespace, to_error_stream: bool) -> None:
    form = given.format or _usual_format(given)
    if given.statistics:
        text = statistics_json(outcome) if form == "json" else statistics_text(outcome)
        if form != "json":
            text += "".join(f"{problem_line(problem)}\n" for problem in outcome.problems)
    else:
        colour = output.wants_colour(given.color, given.output_file)
        text = reporter(form)(outcome, Rendering(colour, shutil.get_terminal_size((100, 24)).columns))
    if to_error_stream and given.output_file is None:
        sys.stderr.write(text)
    else:
        output.write(text, given.output_file)


def _usual_format(given: argparse.Namespace) -> str:
    in_actions = os.environ.get("GITHUB_ACTIONS") == "true" and given.output_file is None
    return "github" if in_actions and not given.statistics else "full"


def _status(outcome: Outcome, given: argparse.Namespace, settings: Settings) -> int:
    if outcome.problems:
        return FAILED
    least = Severity(given.fail_on or settings.fail_on).rank
    counted = sum(finding.severity.rank >= least for finding in outcome.findings)
    return FOUND if counted > given.max_findings and not given.exit_zero else CLEAN
