"""The command line of ``jobkit lint``, as data for argparse."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn

from jobkit_lint.baseline import DEFAULT_NAME
from jobkit_lint.config import FAIL_LEVELS
from jobkit_lint.output import COLOURS
from jobkit_lint.reporters import formats

EPILOG = """\
sub-commands:
  jobkit lint explain CODE        what a rule means, with examples
  jobkit lint rules               every rule, one line each (--format json)
  jobkit lint schema              the JSON schema of the settings
  jobkit lint test [CODE ...]     run the examples of rules (your own: of all that entry points bring)

Exit status: 0 no findings, 1 findings, 2 wrong use, or files or rules that failed.
Settings: [tool.jobkit.lint] in the nearest pyproject.toml. Suppress with  # jobkit: ignore[JK101] reason
"""


class _Parser(argparse.ArgumentParser):
    """Offers the nearest option for one that does not exist."""

    def error(self, message: str) -> NoReturn:
        _, told, unknown = message.partition("unrecognized arguments: ")
        word = unknown.split()[0].partition("=")[0] if told and unknown.split() else ""
        if word.startswith("--"):
            options = [name for action in self._actions for name in action.option_strings]
            matches = difflib.get_close_matches(word, options, n=1)
            message += f"; did you mean {matches[0]}?" if matches else ""
        super().error(message)


def lint_parser() -> argparse.ArgumentParser:
    """The parser of ``jobkit lint PATH...``."""
    parser = _Parser(
        prog="jobkit lint",
        usage="jobkit lint [PATH ...] [options]",
        description="Finds the jobs that would not survive a retry, a crash or a duplicate.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and folders (default: .); - is standard input")
    _rules(parser.add_argument_group("which rules"))
    _fixes(parser.add_argument_group("fixes"))
    _known(parser.add_argument_group("findings that are known"))
    _output(parser.add_argument_group("output"))
    _look(parser.add_argument_group("a look inside, instead of linting"))
    _run(parser.add_argument_group("settings and the run"))
    return parser


def _rules(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--select",
        type=_words,
        metavar="CODES",
        help="run these rules only: codes, beginnings of codes, names, presets",
    )
    add("--extend-select", type=_words, default=(), metavar="CODES", help="run these rules too")
    add("--ignore", type=_words, default=(), metavar="CODES", help="leave these rules out")
    add("--preview", action="store_true", help="run rules in preview too")
    add("--pedantic", action="store_true", help="show findings that rest on an assumption")


def _fixes(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--fix", action="store_true", help="apply safe fixes to the files")
    add("--unsafe-fixes", action="store_true", help="with --fix or --diff: apply fixes that need a look as well")
    add("--diff", action="store_true", help="show what --fix would change, and change nothing; 1 if there is anything")


def _known(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--baseline", metavar="FILE", help=f"the file of known findings (default: {DEFAULT_NAME} in the project's root)"
    )
    one = group.add_mutually_exclusive_group().add_argument
    one("--write-baseline", action="store_true", help="write all findings of now to the baseline")
    one("--prune-baseline", action="store_true", help="take entries without a finding out of the baseline")
    one("--add-ignores", action="store_true", help="write a comment into the code for each finding of now")
    add("--reason", metavar="TEXT", default="", help="with --add-ignores: the reason behind each comment")
    add("--since", metavar="REF", help="only findings on lines changed since this git commit or branch")


def _output(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--format", choices=formats(), default=None, help="form of output (default: full; github in GitHub Actions)")
    add("--output-file", metavar="FILE", help="write the output to FILE")
    add("--statistics", action="store_true", help="count findings by rule and by folder, instead of showing each")
    add("--timings", action="store_true", help="tell on the error stream where the time went")
    add("--color", choices=COLOURS, default="auto", help="colours (default: auto; NO_COLOR and FORCE_COLOR hold there)")
    add("--no-progress", action="store_true", help="no progress bar on a terminal")
    add("--exit-zero", action="store_true", help="exit with 0 even if there are findings")
    add("--fail-on", choices=FAIL_LEVELS, default=None, help="least severity that makes exit 1 (default: warning)")
    add("--max-findings", type=_count, metavar="N", default=0, help="exit with 0 up to so many findings (default: 0)")


def _look(group: argparse._ArgumentGroup) -> None:
    add = group.add_mutually_exclusive_group().add_argument
    add("--show-jobs", action="store_true", help="print what was recognised as a job and where it is enqueued")
    add("--show-files", action="store_true", help="print the files that would be linted")
    add("--show-settings", metavar="FILE", help="print the settings that hold for FILE, and where they come from")
    add("--explain", metavar="CODE", help="explain a rule")


def _run(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--config", metavar="FILE", help="read the settings from this file, for all files")
    add("--isolated", action="store_true", help="read no settings file")
    add(
        "--stdin-filename", metavar="FILE", default="stdin.py", help="the name of standard input, for imports and paths"
    )
    add("--no-cache", action="store_true", help="neither read nor write the cache")
    add("--cache-dir", metavar="DIR", help="where the cache is (default: .jobkit_cache in the project's root)")
    add("--jobs", type=_positive, metavar="N", default=None, help="processes to use (default: one a processor)")


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


def schema_parser() -> argparse.ArgumentParser:
    """The parser of ``jobkit lint schema``."""
    return argparse.ArgumentParser(
        prog="jobkit lint schema", description="The JSON schema of [tool.jobkit.lint], for editors and checks."
    )


def test_parser() -> argparse.ArgumentParser:
    """The parser of ``jobkit lint test``."""
    parser = argparse.ArgumentParser(
        prog="jobkit lint test",
        description="Runs the examples of rules: bad ones must be found where they are marked, good ones not at all.",
    )
    parser.add_argument("codes", nargs="*", metavar="CODE", help="codes or names (default: rules of entry points)")
    return parser


def _words(text: str) -> Sequence[str]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _positive(text: str) -> int:
    number = _count(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number
