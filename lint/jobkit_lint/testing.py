"""For the tests of rules of your own: the same checks that the linter's rules pass.

.. code-block:: python

    import pytest
    from jobkit_lint.testing import check_example
    from shop_rules import NoChargeOnMonday

    @pytest.mark.parametrize("example", NoChargeOnMonday.examples, ids=lambda example: example.title)
    def test_the_example_holds(example):
        check_example(NoChargeOnMonday, example)
"""

from __future__ import annotations

from jobkit_lint.rules.base import Rule
from jobkit_lint.rules.examples import Example
from jobkit_lint.rules.proof import disagreements, outcome_of

__all__ = ["check_example", "check_rule", "disagreements", "outcome_of"]


def check_example(rule: type[Rule], example: Example) -> None:
    """Lints the example with the rule alone. Raises `AssertionError` with every difference from its marks and fix."""
    wrong = disagreements(rule, example)
    if wrong:
        listed = "\n  ".join(wrong)
        raise AssertionError(f"{rule.code}: the example {example.title!r} does not hold:\n  {listed}")


def check_rule(rule: type[Rule]) -> None:
    """`check_example` for every example of the rule. Raises `AssertionError` for the first that does not hold."""
    for example in rule.examples:
        check_example(rule, example)
