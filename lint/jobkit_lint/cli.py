"""``jobkit lint``: arguments in, output and exit status out."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from jobkit_lint import config
from jobkit_lint.diagnostic import Severity
from jobkit_lint.errors import ConfigError, LintError, UsageError
from jobkit_lint.explain import explain, has_fix, rules_table
from jobkit_lint.options import explain_parser, lint_parser, rules_parser
from jobkit_lint.reporters import Rendering, reporter
from jobkit_lint.rules.registry import all_rules, find_rule, group_of
from jobkit_lint.runner import Outcome, Request, project_root, run
from jobkit_lint.selection import chosen_rules
from jobkit_lint.settings import Settings
from jobkit_lint.show_jobs import show_jobs_json, show_jobs_text

CLEAN, FOUND, FAILED = 0, 1, 2


def main(argv: Sequence[str]) -> int:
    """Runs ``jobkit lint`` with these arguments and returns the exit status: 0 clean, 1 findings, 2 failure."""
    arguments = list(argv)
    try:
        if arguments[:1] == ["explain"]:
            return _explain(explain_parser().parse_args(arguments[1:]).codes)
        if arguments[:1] == ["rules"]:
            return _rules(rules_parser().parse_args(arguments[1:]).format)
        given = lint_parser().parse_args(arguments)
        return _explain([given.explain]) if given.explain is not None else _lint(given)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else FAILED
    except LintError as error:
        print(f"jobkit lint: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # the reader has gone, as with `| head`; Python would complain again when it closes the stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _lint(given: argparse.Namespace) -> int:
    paths = given.paths or ["."]
    settings = _settings(given, paths)
    preview = given.preview or settings.preview
    rules = chosen_rules(
        given.select if given.select is not None else settings.select,
        [*settings.extend_select, *given.extend_select],
        [*settings.ignore, *given.ignore],
        preview,
    )
    if given.pedantic:
        settings = msgspec.structs.replace(settings, pedantic=True)
    contents: dict[str, bytes] = {}
    if "-" in paths:
        if len(paths) > 1:
            raise UsageError("`-` (standard input) stands alone; leave the other paths out")
        contents = {str(Path(given.stdin_filename).resolve()): sys.stdin.buffer.read()}
        paths = []
    root = project_root(paths or list(contents))
    request = Request(paths, settings, root, rules, contents=contents)
    if given.jobs is not None:
        request = Request(paths, settings, root, rules, given.jobs, contents)
    outcome = run(request)
    if given.show_jobs:
        text = show_jobs_json(outcome.program) if given.format == "json" else show_jobs_text(outcome.program)
        _write(text, given.output_file)
        for problem in outcome.problems:
            print(f"{problem.path}:{problem.line or 1}: error: {problem.message}", file=sys.stderr)
        return FAILED if outcome.problems else CLEAN
    rendering = Rendering(_wants_colour(given.output_file), shutil.get_terminal_size((100, 24)).columns)
    _write(reporter(given.format or "full")(outcome, rendering), given.output_file)
    return _status(outcome, given.fail_on or settings.fail_on, given.exit_zero)


def _settings(given: argparse.Namespace, paths: Sequence[str]) -> Settings:
    if given.isolated:
        return Settings()
    if given.config is not None:
        if not Path(given.config).is_file():
            raise ConfigError(f"{given.config}: there is no such file; name a pyproject.toml")
        return config.load(Path(given.config))
    first = given.stdin_filename if paths[0] == "-" else paths[0]
    start = Path(first).resolve()
    found = config.find_configuration(start if start.is_dir() else start.parent)
    return config.load(found) if found is not None else Settings()


def _status(outcome: Outcome, fail_on: str, exit_zero: bool) -> int:
    if outcome.problems:
        return FAILED
    least = Severity(fail_on).rank
    counts = any(finding.severity.rank >= least for finding in outcome.findings)
    return FOUND if counts and not exit_zero else CLEAN


def _write(text: str, path: str | None) -> None:
    if path is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output-file {path}: cannot be written: {error.strerror or error}") from error


def _wants_colour(output_file: str | None) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return output_file is None and sys.stdout.isatty()


def _explain(codes: Sequence[str]) -> int:
    for code in codes:
        rule = find_rule(code)
        if rule is None:
            words = [word for known in all_rules() for word in (known.code, known.name)]
            raise UsageError(f"{code!r} is no rule: {config.nearest(code, words)}")
        sys.stdout.write(explain(rule))
    return CLEAN


def _rules(form: str) -> int:
    rules = all_rules()
    if form == "text":
        sys.stdout.write(rules_table(rules))
        return CLEAN
    content = [
        {
            "code": rule.code,
            "name": rule.name,
            "summary": rule.summary,
            "severity": rule.severity.value,
            "default": rule.default.value,
            "fix": has_fix(rule),
            "group": group_of(rule),
            "frameworks": list(rule.frameworks),
            "since": rule.since,
        }
        for rule in rules
    ]
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n")
    return CLEAN
