"""JK900: a file that could not be looked at."""

from __future__ import annotations

from jobkit_lint.diagnostic import PARSE_ERROR, Severity
from jobkit_lint.rules.base import Rule
from jobkit_lint.rules.examples import Bad, Good


class ParseError(Rule):
    """
    ## What it does
    Tells of a file that is not Python as this linter's Python reads it, or that cannot be decoded or read.
    The other files are judged all the same; the exit status is 2.

    ## Why is this bad
    Nothing in such a file was judged: that there are no findings in it means nothing. Jobs that it defines are
    not known to the rest either.

    ## What to do instead
    Mend the file. Templates, code for Python 2 and other files that are no Python on purpose belong in `exclude`.

    ## When to ignore
    When the file has to stay as it is and cannot be excluded: `per-file-ignores` with this code.
    """

    code = PARSE_ERROR
    name = "parse-error"
    summary = "The file cannot be parsed or read; nothing in it was judged."
    severity = Severity.ERROR
    since = "0.1"
    examples = (
        Bad(
            "a parenthesis that is never closed",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id:
            ^ '(' was never closed
                print(order_id)
            """,
        ),
        Bad(
            "Python 2",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id):
                print order_id
            ^ Missing parentheses
            """,
        ),
        Good(
            "a file that Python can read",
            """
            from celery import shared_task

            @shared_task
            def ship(order_id):
                print(order_id)
            """,
        ),
        Good("an empty file", ""),
    )
