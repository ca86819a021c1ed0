"""The settings of a run, as values: what ``[tool.jobkit.lint]`` may hold, and what holds without it.

The description of each field is the text of its documentation and of the JSON schema.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Words = tuple[str, ...]
HouseNames = tuple[str, ...] | dict[str, str]


class Facts(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """What the user knows about functions of the project, by dotted name."""

    payment: Annotated[Words, Meta(description="functions whose call charges or pays")] = ()
    notify: Annotated[Words, Meta(description="functions whose call reaches a person: mail, message, push")] = ()
    network: Annotated[Words, Meta(description="functions that call another system")] = ()
    effect: Annotated[Words, Meta(description="functions with another effect that must not happen twice")] = ()
    guard: Annotated[Words, Meta(description="functions that keep a second run out: idempotency guards")] = ()
    pure: Annotated[Words, Meta(description="functions without any effect")] = ()
    idempotent: Annotated[Words, Meta(description="functions and jobs that may run twice")] = ()


class Settings(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One ``[tool.jobkit.lint]`` table."""

    extend: Annotated[
        str | None, Meta(description="another settings file, over whose table this one is laid; relative to this file")
    ] = None
    min_version: Annotated[str | None, Meta(description="refuse to run with an older jobkit than this")] = None
    baseline: Annotated[str | None, Meta(description="the baseline to compare with; relative to this file")] = None
    select: Annotated[
        Words | None,
        Meta(description="rules to run instead of the usual ones: codes, beginnings of codes, names, presets"),
    ] = None
    extend_select: Annotated[Words, Meta(description="rules to run as well")] = ()
    ignore: Annotated[Words, Meta(description="rules to leave out")] = ()
    per_file_ignores: Annotated[
        dict[str, Words], Meta(description="rules to leave out for files, by pattern as in .gitignore")
    ] = {}
    exclude: Annotated[Words, Meta(description="files and folders not to lint, by pattern as in .gitignore")] = ()
    extend_exclude: Annotated[Words, Meta(description="more of them, where `exclude` comes by `extend`")] = ()
    preview: Annotated[bool, Meta(description="run rules in preview too")] = False
    pedantic: Annotated[bool, Meta(description="tell findings that rest on an assumption too")] = False
    lint_tests: Annotated[bool, Meta(description="judge test files by every rule")] = False
    fail_on: Annotated[str, Meta(description="the least severity that makes the exit status 1")] = "warning"
    job_decorators: Annotated[
        HouseNames,
        Meta(description="decorators of the house that make jobs: dotted names, or a table from name to framework"),
    ] = ()
    job_bases: Annotated[HouseNames, Meta(description="base classes of the house that make jobs, likewise")] = ()
    enqueue_functions: Annotated[
        HouseNames, Meta(description="functions of the house that enqueue a job, likewise")
    ] = ()
    call_depth: Annotated[int, Meta(description="how many calls deep project functions are looked into, 0 to 3")] = 2
    atomic_requests: Annotated[bool, Meta(description="every request runs in a transaction")] = False
    broker: Annotated[str | None, Meta(description="what carries the jobs, where the code does not tell")] = None
    serializer: Annotated[str | None, Meta(description="what encodes arguments, where the code does not tell")] = None
    max_literal_items: Annotated[int, Meta(description="items of a literal argument that are still few")] = 50
    max_literal_bytes: Annotated[int, Meta(description="bytes of a literal argument that are still few")] = 8192
    max_retries: Annotated[int, Meta(description="retries of a job that are still few")] = 25
    max_sleep: Annotated[float, Meta(description="seconds that a job may sleep")] = 5.0
    facts: Annotated[Facts, Meta(description="what the linter cannot know of functions of the project")] = Facts()
