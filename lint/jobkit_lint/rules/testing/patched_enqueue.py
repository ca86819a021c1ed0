"""JK602: a test replaces the enqueue method of a job by a mock."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.index.symbols import Module
from jobkit_lint.rules.base import Default, Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e

PATCHES = re.compile(r"(?:unittest\.)?mock\.patch(?:\.object)?$|pytest_mock\.MockerFixture\(\)\.patch(?:\.object)?$")
ENQUEUES = frozenset(
    {
        "delay", "apply_async", "delay_on_commit", "apply_async_on_commit", "send_with_options", "kiq", "defer",
        "defer_async", "perform_later",
    }
)  # fmt: skip


class PatchedEnqueue(Rule):
    """
    ## What it does
    Finds tests that replace `.delay`, `.apply_async` and their like: `mock.patch("shop.tasks.ship.delay")`.

    ## Why is this bad
    A mock takes any arguments: also those that the job does not have, and those that cannot be sent. It breaks when the
    code changes to another form of the same call, and does not when the job is renamed.

    ## What to do instead
    Let a fixture capture what is enqueued, and ask it: `assert_enqueued_with(ship, args=(order.pk,))`.

    ## When to ignore
    When the test is about an error of the broker.
    """

    code = "JK602"
    name = "patched-enqueue"
    summary = "A test replaces the enqueue method of a job by a mock."
    severity = Severity.INFO
    since = "0.1"
    default = Default.OFF
    in_tests = True
    signs = ("patch",)

    examples = (
        Bad(
            "by name, in a block",
            """
            # file: tests/test_shop.py
            from unittest import mock
            from shop.views import place

            def test_place_ships():
                with mock.patch("shop.tasks.ship.delay") as delay:
                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `delay`
                    place(1)
                assert delay.called
            """,
        ),
        Bad(
            "as a decorator, and on the object",
            """
            # file: tests/test_shop.py
            from unittest.mock import patch
            from shop.tasks import ship
            from shop.views import place

            @patch("shop.tasks.ship.apply_async")
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `apply_async`
            def test_place_ships(apply_async):
                place(1)
                with patch.object(ship, "delay"):
                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^
                    place(2)
            """,
        ),
        Good(
            "something else is replaced",
            """
            # file: tests/test_shop.py
            from unittest import mock
            from shop.views import place

            def test_place_asks_the_carrier():
                with mock.patch("shop.carrier.ask") as ask:
                    place(1)
                assert ask.called
            """,
        ),
        Good(
            "what was enqueued is asked for",
            """
            # file: tests/test_shop.py
            from shop.tasks import ship
            from shop.views import place

            def test_place_ships(have_enqueued_job):
                place(1)
                assert have_enqueued_job(ship).with_args(1)
            """,
        ),
    )

    def check_module(self, module: Module, analysis: Analysis) -> Iterator[Report]:
        if not analysis.program.is_test(module):
            return
        for call in _calls(module, analysis):
            method = _patched(call)
            if method is not None:
                yield self.report(
                    module,
                    call.at,
                    f"a mock of `{method}` takes any arguments, also wrong ones: let a fixture capture what is "
                    "enqueued, and ask it",
                )


def _calls(module: Module, analysis: Analysis) -> Iterator[e.Call]:
    """The calls of ``patch``, in bodies and decorators."""
    top = analysis.module_scope(module)
    for step, scope in analysis.steps(module):
        if any(PATCHES.search(path) for path in analysis.paths(step.call.function, scope, step.place)):
            yield step.call
    codes = [*module.summary.functions.values()]
    for class_ in module.summary.classes.values():
        codes += class_.methods.values()
    for code in codes:
        for decorator in code.decorators:
            if isinstance(decorator, e.Call) and any(
                PATCHES.search(path) for path in analysis.paths(decorator.function, top, None)
            ):
                yield decorator


def _patched(call: e.Call) -> str | None:
    """The enqueue method that is replaced, or None."""
    text = e.literal_text(call.argument(0, "target"))
    if text is not None and text.count(".") > 1:
        name = text.rpartition(".")[2]
        return name if name in ENQUEUES else None
    name = e.literal_text(call.argument(1, "attribute")) or ""
    return name if name in ENQUEUES else None
