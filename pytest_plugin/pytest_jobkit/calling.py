"""How a call is used: on its own, in ``with``, in ``async with``, or in ``await``.

`perform_enqueued_jobs()` performs at once when it stands alone, and at the end of the block when it opens one, as
ActiveJob's does. Ruby tells a method whether a block follows; here the caller's next instruction does. Where a call
is passed on before it is used (an ExitStack, a variable) the explicit form, ``.block(...)``, says what is meant.
"""

from __future__ import annotations

import dis
import sys
from enum import Enum, auto


class Use(Enum):
    """What follows a call."""

    ALONE = auto()
    WITH = auto()
    ASYNC_WITH = auto()
    AWAIT = auto()


_CACHE = dis.opmap.get("CACHE", 0)
_NEXT = {
    dis.opmap[name]: use
    for name, use in {
        "BEFORE_WITH": Use.WITH,
        "BEFORE_ASYNC_WITH": Use.ASYNC_WITH,
        "GET_AWAITABLE": Use.AWAIT,
    }.items()
    if name in dis.opmap
}
# From Python 3.14 on `with` copies the value and looks up __enter__ and __exit__ by these numbers.
_COPY = dis.opmap.get("COPY")
_LOAD_SPECIAL = dis.opmap.get("LOAD_SPECIAL")
_SPECIAL = {0: Use.WITH, 1: Use.WITH, 2: Use.ASYNC_WITH, 3: Use.ASYNC_WITH}


def use_of_call(depth: int = 2) -> Use:
    """How the code `depth` frames above here uses what the call that it is in returns."""
    frame = sys._getframe(depth)
    code = frame.f_code.co_code
    position = frame.f_lasti + 2
    while position < len(code) and code[position] == _CACHE:
        position += 2
    if position >= len(code):
        return Use.ALONE
    instruction = code[position]
    if instruction in _NEXT:
        return _NEXT[instruction]
    if instruction == _COPY and code[position + 2] == _LOAD_SPECIAL:
        return _SPECIAL.get(code[position + 3], Use.ALONE)
    return Use.ALONE


def note_awaiting(error: BaseException, forms: str) -> None:
    """Add to the engine's word that an event loop is running which `forms` a test writes instead."""
    if "event loop is running" in str(error):
        error.add_note(f"In this test: {forms}")
