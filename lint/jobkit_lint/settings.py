"""The settings of a run, as values: what ``[tool.jobkit.lint]`` may hold, and what holds without it."""

from __future__ import annotations

import msgspec


class Facts(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """What the user knows about functions of the project, by dotted name.

    `payment`, `notify`, `network` and `effect` make a call of the function an effect of that kind;
    `guard` makes it an idempotency guard; `pure` and `idempotent` say that it may run twice.
    """

    payment: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    effect: tuple[str, ...] = ()
    guard: tuple[str, ...] = ()
    pure: tuple[str, ...] = ()
    idempotent: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """One ``[tool.jobkit.lint]`` table.

    `job_decorators`, `job_bases` and `enqueue_functions` teach house wrappers: dotted names, or a table
    from dotted name to the framework whose enqueue methods the job has. `call_depth` is how many calls
    deep project functions are looked into. Sizes count items and bytes, `max_sleep` seconds.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: dict[str, tuple[str, ...]] = {}
    exclude: tuple[str, ...] = ()
    extend_exclude: tuple[str, ...] = ()
    preview: bool = False
    pedantic: bool = False
    lint_tests: bool = False
    fail_on: str = "warning"
    job_decorators: tuple[str, ...] | dict[str, str] = ()
    job_bases: tuple[str, ...] | dict[str, str] = ()
    enqueue_functions: tuple[str, ...] | dict[str, str] = ()
    call_depth: int = 2
    atomic_requests: bool = False
    broker: str | None = None
    serializer: str | None = None
    max_literal_items: int = 50
    max_literal_bytes: int = 8192
    max_retries: int = 25
    max_sleep: float = 5.0
    facts: Facts = Facts()
