"""The command line of ``jobkit lint``, as data for argparse."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from jobkit_lint.config import FAIL_LEVELS
from jobkit_lint.reporters import formats

EPILOG = """\
sub-commands:
  jobkit lint explain CODE        what a rule means, with examples
  jobkit lint rules               every rule, one line each (--format json)

Exit status: 0 no findings, 1 findings, 2 wrong use, or files or rules that failed.
Settings: [tool.jobkit.lint] in the nearest pyproject.toml. Suppress with  # jobkit: ignore[JK101] reason
"""


def lint_parser() -> argparse.ArgumentParser:
    """The parser of ``jobkit lint PATH...``."""
    parser = argparse.ArgumentParser(
        prog="jobkit lint",
        description="Finds the jobs that would not survive a retry, a crash or a duplicate.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="files and folders (default: .); - reads standard input")
    add("--select", type=_words, metavar="CODES", help="run these rules only: codes, beginnings of codes, names")
    add("--extend-select", type=_words, default=(), metavar="CODES", help="run these rules too")
    add("--ignore", type=_words, default=(), metavar="CODES", help="leave these rules out")
    add("--preview", action="store_true", help="run rules in preview too")
    add("--pedantic", action="store_true", help="show findings that rest on an assumption")
    add("--format", choices=formats(), default=None, help="form of output (default: full)")
    add("--output-file", metavar="FILE", help="write the output to FILE")
    add("--exit-zero", action="store_true", help="exit with 0 even if there are findings")
    add("--fail-on", choices=FAIL_LEVELS, default=None, help="least severity that makes exit 1 (default: warning)")
    add("--show-jobs", action="store_true", help="print what was recognised as a job and where it is enqueued")
    add("--explain", metavar="CODE", help="explain a rule and stop")
    add("--config", metavar="FILE", help="read the settings from this pyproject.toml")
    add("--isolated", action="store_true", help="read no settings file")
    add("--stdin-filename", metavar="FILE", default="stdin.py", help="the name of standard input, for imports")
    add("--no-cache", action="store_true", help="neither read nor write the cache")
    add("--cache-dir", metavar="DIR", help="where the cache is (default: .jobkit_cache in the project's root)")
    add("--jobs", type=_positive, metavar="N", default=None, help="processes to use (default: one a processor)")
    return parser


def rules_parser() -> argparse.ArgumentParser:
    """The parser of ``jobkit lint rules``."""
    parser = argparse.ArgumentParser(prog="jobkit lint rules", description="Every rule, one line each.")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def explain_parser() -> argparse.ArgumentParser:
    """The parser of ``jobkit lint explain``."""
    parser = argparse.ArgumentParser(prog="jobkit lint explain", description="What a rule means.")
    parser.add_argument("codes", nargs="+", metavar="CODE", help="a code or a name")
    return parser


def _words(text: str) -> Sequence[str]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number
