"""An effect: one call by the job that reads or changes something that outlives the process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from enum import StrEnum
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

#: the answer of a read that found nothing
NOTHING = "nothing found"
#: an error for the fault `before` or `after`, made from one sentence that says what was injected
ErrorMaker = Callable[[str], BaseException]

_PACKAGE = str(Path(__file__).parents[1])
_EXPLORING = Path(__file__).parents[1] / "exploring"
_WHERE_DELIVERIES_START = (str(_EXPLORING / "scene.py"), str(_EXPLORING / "concurrent" / "run.py"))
_LIBRARY: dict[str, bool] = {}


class Mode(StrEnum):
    """Whether an effect can change the world."""

    READ = "read"
    WRITE = "write"


class State(StrEnum):
    """What became of an effect."""

    DONE = "done"  # it took place
    DEDUPLICATED = "deduplicated"  # the receiver knew its key and answered from memory
    REFUSED = "refused"  # fault `before`: it raised and did not take place
    UNANSWERED = "unanswered"  # fault `after`: it took place, the caller got an error
    WRONG = "wrong"  # fault `wrong`: it did not take place, the caller got the chosen answer
    FAILED = "failed"  # it raised by itself: a unique violation, a refused card
    CLEANUP = "clean-up"  # it took place in clean-up code of a terminated worker


class Operation:
    """What effects of one kind have in common; made once, shared by many effects.

    Args:
        channel: the policy's and the report's word: db http mail queue fs cache time proc, or a name of the user's.
        name: what is done, without its data: ``"POST /charges"``, ``"insert into orders"``, ``"commit"``.
        mode: whether it can change the world.
        external: whether it goes into the ledger when it takes place. Rows of a database do not: they are compared
            as rows.
        resource: what it touches (table, key, URL), for conflicts between concurrent deliveries.
        refuse: makes the error of a call that did not take place (refused connection, deadlock victim).
        lose_answer: makes the error of a call that did (read timeout); `refuse` when left out.
    """

    __slots__ = ("channel", "external", "lose_answer", "mode", "name", "reads", "refuse", "resource")

    def __init__(
        self,
        channel: str,
        name: str,
        mode: Mode = Mode.WRITE,
        *,
        external: bool = True,
        resource: Hashable = None,
        refuse: ErrorMaker = ConnectionError,
        lose_answer: ErrorMaker | None = None,
    ) -> None:
        self.channel = channel
        self.name = name
        self.mode = mode
        self.reads = mode is Mode.READ
        self.external = external and not self.reads
        self.resource = resource
        self.refuse = refuse
        self.lose_answer = lose_answer or refuse

    def __repr__(self) -> str:
        return f"<Operation {self.channel} {self.name}>"


class Effect:
    """One call, as it happened in one delivery.

    Attributes:
        operation: what was done.
        delivery: in which delivery, 1 for the first.
        index: how many effects of that delivery came before it.
        key: the idempotency key that the call carried, or None.
        body: what the receiver compares when a key comes again.
        state: what became of it.
        durable: whether it was in the world at once; False for a statement in an open transaction.
        answer: what a read returned, or `NOTHING`; for "same answer as before".
        ttl: seconds until what it stored is gone again by itself (a lock, a lease, a key); None if it stays.
    """

    __slots__ = (
        "_code", "_detail", "_instruction", "answer", "body", "delivery", "durable", "index", "key", "operation",
        "state", "ttl",
    )  # fmt: skip

    def __init__(
        self,
        operation: Operation,
        delivery: int,
        index: int,
        detail: object,
        key: Hashable,
        body: Hashable,
        frame: FrameType | None,
    ) -> None:
        self.operation = operation
        self.delivery = delivery
        self.index = index
        self._detail = detail
        self.key = key
        self.body = body
        self.state = State.DONE
        self.durable = not operation.reads
        self.answer: Hashable = None
        self.ttl: float | None = None
        self._code: CodeType | None = None if frame is None else frame.f_code
        self._instruction = 0 if frame is None else frame.f_lasti

    @property
    def channel(self) -> str:
        return self.operation.channel

    @property
    def detail(self) -> str:
        """The data of the call on one short line; formatted when somebody reads it."""
        detail = self._detail
        return detail if type(detail) is str else brief(detail)

    @property
    def file(self) -> str:
        """The file of the job's line that made the call."""
        return self._code.co_filename if self._code else "?"

    @property
    def line(self) -> int:
        """The line that made the call, counted from 1; 0 if unknown."""
        if self._code is None:
            return 0
        for start, end, line in self._code.co_lines():
            if start <= self._instruction < end and line is not None:
                return line
        return self._code.co_firstlineno

    @property
    def function(self) -> str:
        """The name of the function that made the call."""
        return self._code.co_name if self._code else "?"

    @property
    def what(self) -> str:
        """The operation and its data, for people."""
        return f"{self.operation.name} {self.detail}" if self.detail else self.operation.name

    @property
    def place(self) -> str:
        """The name that survives added lines: ``http POST /charges @charge``."""
        return f"{self.operation.channel} {self.operation.name} @{self.function}"

    @property
    def took_place(self) -> bool:
        """Whether the receiver acted on it."""
        return self.state in (State.DONE, State.UNANSWERED, State.CLEANUP)

    def __repr__(self) -> str:
        return f"<Effect {self.delivery}.{self.index} {self.channel} {self.what} {self.state}>"


def calling_frame(depth: int, files: frozenset[str]) -> FrameType | None:
    """The innermost frame in one of the job's own files; else the innermost outside of installed libraries.

    Args:
        depth: how many frames the caller is away from the library's caller.
        files: where the job is written.
    """
    frame: FrameType | None = sys._getframe(depth)
    outside = None
    while frame is not None:
        name = frame.f_code.co_filename
        if name in files:
            return frame
        if name in _WHERE_DELIVERIES_START:
            return outside
        if outside is None and not is_of_a_library(name):
            outside = frame
        frame = frame.f_back
    return outside


def is_of_a_library(file: str) -> bool:
    """Whether a source file belongs to Python, to an installed library or to jobkit's own plugin."""
    library = _LIBRARY.get(file)
    if library is None:
        library = _LIBRARY[file] = file.startswith((_PACKAGE, "<frozen", *_LIBRARIES)) or "site-packages" in file
    return library


def _library_folders() -> tuple[str, ...]:
    import sysconfig

    paths = sysconfig.get_paths()
    return (paths["stdlib"], paths["platstdlib"])


_LIBRARIES = _library_folders()


def brief(value: Any, width: int = 60) -> str:
    """A value on one short line, for details of effects: ``{order: 1, amount: 500}``."""
    if type(value) is str:
        text = value
    else:
        spelled = repr(value)
        known = _SHORT.get(spelled)
        if known is None:
            known = _SHORT[spelled] = _short(value)
            if len(_SHORT) > 10_000:
                _SHORT.clear()
        text = known
    if len(text) > width or "\n" in text:
        text = " ".join(text.split())
        return text if len(text) <= width else text[: width - 1] + "…"
    return text


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join([f"{key}: {brief(inner)}" for key, inner in value.items()]) + "}"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else repr(value)


_SHORT: dict[str, str] = {}
