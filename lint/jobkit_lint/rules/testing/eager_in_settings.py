"""JK601: a setting that belongs to tests is on everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.words import parts
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.configuration import Setting, configured, settings_of
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import If

EAGER = ("TASK_ALWAYS_EAGER", "CELERY_ALWAYS_EAGER")
# words in a path that say that the file is not for production
ELSEWHERE = frozenset(
    {
        "test", "tests", "testing", "dev", "devel", "develop", "development", "local", "ci", "debug", "e2e", "example",
        "examples", "sample", "samples", "demo", "sandbox", "docs", "doc", "benchmark", "benchmarks", "conftest",
        "pytest", "travis", "jenkins", "github", "playground", "integration", "unit", "functional", "mock",
        "standalone", "tutorial", "build", "docker", "scripts", "template", "check", "runtests", "minimal", "offline",
    }
)  # fmt: skip
BACKENDS = re.compile(r"django(?:\.tasks|_tasks)\.backends\.(?:immediate|dummy)\.\w+|jobkit\.\S*[Ii]nline\w*")


class EagerInSettings(Rule):
    """
    ## What it does
    Finds `task_always_eager = True`, `immediate=True` of Huey, `is_async=False` of RQ, the immediate and dummy backends
    of Django Tasks and Dramatiq's `StubBroker` in files that are not for tests or development, where no condition
    stands around them.

    ## Why is this bad
    Jobs then run inside of the request: users wait for them, an error of a job is an error of the page, and nothing is
    ever retried. Or, with a dummy, they do not run at all.

    ## What to do instead
    Set it in the settings of the tests, or by a condition: `CELERY_TASK_ALWAYS_EAGER = "pytest" in sys.modules`.

    ## When to ignore
    When the file is for tests and its name does not say so.
    """

    code = "JK601"
    name = "eager-in-settings"
    summary = "A setting that is meant for tests is on in production."
    severity = Severity.ERROR
    since = "0.1"
    signs = (
        "CELERY_TASK_ALWAYS_EAGER", "CELERY_ALWAYS_EAGER", "task_always_eager", "DummyBackend", "ImmediateBackend"
    )  # fmt: skip

    examples = (
        Bad(
            "eager Celery",
            """
            # file: shop/settings.py
            CELERY_BROKER_URL = "redis://"
            CELERY_TASK_ALWAYS_EAGER = True
                                       ^^^^ run inside of the caller
            """,
        ),
        Bad(
            "in the app, and in a backend",
            """
            # file: shop/celery.py
            from celery import Celery

            app = Celery("shop")
            app.conf.task_always_eager = True
                                         ^^^^
            app.conf.update(task_always_eager=True)
                                              ^^^^
            # file: shop/settings.py
            TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            """,
        ),
        Bad(
            "queues that run at once",
            """
            # file: shop/queues.py
            from huey import RedisHuey
            from redis import Redis
            from rq import Queue

            huey = RedisHuey("shop", immediate=True)
                                               ^^^^
            queue = Queue("default", connection=Redis(), is_async=False)
                                                                  ^^^^^
            """,
        ),
        Good(
            "in the settings of the tests, or by a condition",
            """
            # file: shop/settings/test.py
            CELERY_TASK_ALWAYS_EAGER = True
            # file: shop/settings/base.py
            import os
            import sys

            CELERY_TASK_ALWAYS_EAGER = "pytest" in sys.modules
            DEBUG = bool(os.environ.get("DEBUG"))
            if DEBUG:
                CELERY_TASK_ALWAYS_EAGER = True
            """,
        ),
        Good(
            "off",
            """
            # file: shop/settings.py
            CELERY_TASK_ALWAYS_EAGER = False
            TASKS = {"default": {"BACKEND": "django_tasks.backends.database.DatabaseBackend"}}
            """,
        ),
    )

    def check_module(self, module: Module, analysis: Analysis) -> Iterator[Report]:
        if _is_elsewhere(module, analysis):
            return
        is_overridden = any(e.is_constant(other.value, False) for other in configured(analysis, *EAGER))
        for setting in settings_of(module, analysis, *EAGER) if not is_overridden else ():
            if e.is_constant(setting.value, True) and not _is_conditional(setting):
                yield self._told(module, setting.at, "jobs run inside of the caller and are never retried")
        for setting in settings_of(module, analysis, "BACKEND"):
            text = e.literal_text(setting.value)
            if text is not None and BACKENDS.fullmatch(text) and not _is_conditional(setting):
                is_dummy = "dummy" in text.lower()
                yield self._told(module, setting.at, "jobs never run" if is_dummy else "jobs run inside of the caller")
        yield from self._queues(module, analysis)

    def _queues(self, module: Module, analysis: Analysis) -> Iterator[Report]:
        """Objects that are made at the module's top, where everybody gets them."""
        top = analysis.module_scope(module)
        for value in module.summary.variables.values():
            if not isinstance(value, e.Call):
                continue
            paths = analysis.paths(value.function, top, None)
            immediate, is_async = value.keyword("immediate"), value.keyword("is_async")
            if immediate is not None and e.is_constant(immediate, True) and "huey.Huey" in paths:
                yield self._told(module, immediate.at, "jobs run inside of the caller")
            elif is_async is not None and e.is_constant(is_async, False) and "rq.Queue" in paths:
                yield self._told(module, is_async.at, "jobs run inside of the caller")
            elif any(path.startswith("dramatiq.brokers.stub.StubBroker") for path in paths) and not _has_other(module):
                yield self._told(module, value.at, "jobs never leave the process")

    def _told(self, module: Module, at: e.At, what: str) -> Report:
        return self.report(module, at, f"{what}: set this where tests are set up, or by a condition")


def _is_elsewhere(module: Module, analysis: Analysis) -> bool:
    path = Path(module.path)
    root = analysis.program.root
    inside = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
    return any(ELSEWHERE & set(parts(part)) for part in inside.with_suffix("").parts)


def _is_conditional(setting: Setting) -> bool:
    """Whether an ``if`` stands around it, or it is set in a function that somebody calls for tests."""
    if setting.scope is not None and setting.scope.function is not None:
        return True
    return setting.place is not None and any(True for _ in setting.place.enclosing(If))


def _has_other(module: Module) -> bool:
    """Whether the file makes another broker too, and so chooses one."""
    return any("Broker" in target and "Stub" not in target for target in module.summary.imports.values())
