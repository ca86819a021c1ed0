"""Every option, ini key and marker of the plugin, named once, with its help text."""

from __future__ import annotations

from typing import NamedTuple


class Option(NamedTuple):
    """One setting.

    Attributes:
        ini: the key in the configuration file.
        flag: the option of the command line; None where there is none.
        kind: of the ini value, as pytest names it: "string", "bool", "args".
        metavar: shown in --help; None for a flag without a value.
    """

    ini: str
    help: str
    kind: str = "string"
    default: object = None
    flag: str | None = None
    metavar: str | None = None


OPTIONS = (
    Option(
        "jobkit_frameworks",
        "names of the job frameworks to capture (celery, dramatiq, ...); by default every one that is imported",
        kind="args",
    ),
    Option(
        "jobkit_freezer",
        "what freezes the time of the code under test: freezegun (the default) or time-machine",
        default="freezegun",
    ),
    Option(
        "jobkit_strict",
        "fail a test whose jobs came to nothing (discarded, dead, halted, dropped, refused) without a word of it",
        kind="bool",
        default=True,
    ),
    Option(
        "jobkit_report",
        "write a self-contained HTML page with the timeline of each test's jobs to PATH (needs jinja2)",
        default="",
        flag="--jobkit-report",
        metavar="PATH",
    ),
    Option(
        "jobkit_trace",
        "print the timeline of each test's jobs, of passed tests too",
        kind="bool",
        default=False,
        flag="--jobkit-trace",
    ),
)

#: flag, metavar, type, help; they belong to one run, so there is no ini twin
RETRY_SAFETY_OPTIONS: tuple[tuple[str, str, type, str], ...] = (
    ("--retry-safety-replay", "STRING", str, "run only this schedule in every retry safety check: rs1:1.kill3"),
    ("--retry-safety-depth", "N", int, "try schedules of up to N faults in every retry safety check"),
    ("--retry-safety-budget", "S", float, "let every retry safety check take S seconds, and any number of deliveries"),
    ("--retry-safety-report", "FILE", str, "write the retry safety checks of this run to FILE.json or FILE.html"),
)

MARKERS = (
    "jobkit(allow=[...], strict=True, start=, seed=, config=, schedule=): allow names kinds of bad ends of jobs that "
    "need no word of the test (discarded, dead, halted, dropped, refused, uncommitted, unasked; all); strict=False "
    "allows all of them; the rest is for the engine: its first instant, its seed, a QueueConfig, a Schedule",
)
