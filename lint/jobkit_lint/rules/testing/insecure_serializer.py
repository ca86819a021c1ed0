"""JK605: workers run what a message says: pickle."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.configuration import Setting, settings_of
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

ACCEPTS = ("ACCEPT_CONTENT", "RESULT_ACCEPT_CONTENT")
SERIALIZERS = ("TASK_SERIALIZER", "RESULT_SERIALIZER", "EVENT_SERIALIZER")
PICKLES = frozenset({"pickle", "application/x-python-serialize"})


class InsecureSerializer(Rule):
    """
    ## What it does
    Finds `accept_content` with pickle and `task_serializer="pickle"` in the settings of Celery.

    ## Why is this bad
    Reading a pickle runs what is in it. Whoever can write to the broker, be it by way of another service that shares
    it, runs code on every worker.

    ## What to do instead
    JSON, and ids instead of objects. Accept both for the time of the change, and then JSON only.

    ## When to ignore
    When nobody else can reach the broker.
    """

    code = "JK605"
    name = "insecure-serializer"
    summary = "Workers read pickles, which run what is in them."
    severity = Severity.WARNING
    since = "0.1"
    default = Default.OFF
    frameworks = ("celery",)
    signs = ("CELERY_ACCEPT_CONTENT", "accept_content", "CELERY_TASK_SERIALIZER", "task_serializer",
             "CELERY_RESULT_SERIALIZER", "result_serializer")  # fmt: skip

    examples = (
        Bad(
            "settings of Django",
            """
            # file: shop/settings.py
            CELERY_ACCEPT_CONTENT = ["json", "pickle"]
                                    ^^^^^^^^^^^^^^^^^^ run what is in them
            CELERY_TASK_SERIALIZER = "pickle"
                                     ^^^^^^^^
            """,
        ),
        Bad(
            "the settings of the app",
            """
            from celery import Celery

            app = Celery("shop")
            app.conf.update(task_serializer="pickle")
                                            ^^^^^^^^
            app.conf.accept_content = ["application/x-python-serialize"]
                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            """,
        ),
        Good(
            "JSON",
            """
            # file: shop/settings.py
            CELERY_ACCEPT_CONTENT = ["json"]
            CELERY_TASK_SERIALIZER = "json"
            """,
        ),
        Good(
            "another library's setting",
            """
            # file: shop/settings.py
            CELERY_ACCEPT_CONTENT = ["json"]
            SESSION_SERIALIZER = "pickle"
            """,
        ),
    )

    def check_module(self, module: Module, analysis: Analysis) -> Iterator[Report]:
        for setting in settings_of(module, analysis, *ACCEPTS, *SERIALIZERS):
            if _reads_pickles(setting):
                yield self.report(
                    module,
                    setting.at,
                    "workers read pickles, which run what is in them: whoever can write to the broker can run code; "
                    "use JSON",
                )


def _reads_pickles(setting: Setting) -> bool:
    value = setting.value
    items = value.items if isinstance(value, e.Collection) else (value,)
    return any(e.literal_text(item) in PICKLES for item in items)
