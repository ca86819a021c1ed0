"""Puts the whole explanation into an assert that failed over a matcher.

An ``assert matcher`` gets no more from pytest than the matcher's name on one line, and a plain one nothing at all.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_jobkit.session import JobSession


def explain(error: AssertionError, session: JobSession) -> None:
    """Replace the text of `error` by the explanation, if the last thing asked is what the assert failed over."""
    said = session.said
    if said is None or _failing_code(error) is not said.code:
        return
    text = str(error.args[0]) if error.args else ""
    own, marker, rewritten = text.partition("assert ")
    is_about_it = not text or repr(said.question) in rewritten
    if marker and not is_about_it:
        return
    negated = said.answer.is_met
    if negated and not (not text or rewritten.startswith("not ")):
        return
    message = own.strip() if marker else text
    error.args = (f"{message}\n\n{said.answer.text(negated)}" if message else said.answer.text(negated),)


def hide_engine() -> None:
    """Let pytest leave the engine's frames out of tracebacks: of a job that fails, the test's line and the body stay.

    ``--full-trace`` shows them.
    """
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "jobkit" and isinstance(module, ModuleType):
            vars(module).setdefault("__tracebackhide__", True)


def _failing_code(error: BaseException) -> object:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return None if trace is None else trace.tb_frame.f_code
