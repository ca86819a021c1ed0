"""A delivery in a process of its own: whatever the worker knew is really gone with it.

The process is forked, runs the delivery, and sends back what outlives it: the content of everything that the world
holds, the ledger, the effects. Things that the world had before keep their identity, since a fork leaves every object
at its address. Not for worlds with threads or with connections to servers: those do not survive a fork.
"""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable
from typing import Any

from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.retry_safety.effects.record import Effect, Operation, State

#: what a process that ends without a word has left: nothing
_SILENT = b""


class CarriedEffect(Effect):
    """An effect of another process, with the source position that it had there."""

    __slots__ = ("_position",)

    def __init__(self, parts: dict[str, Any]) -> None:
        channel, name, mode, external, resource = parts["operation"]
        operation = Operation(channel, name, mode, external=external, resource=resource)
        super().__init__(
            operation, parts["delivery"], parts["index"], parts["detail"], parts["key"], parts["body"], None
        )
        self.state = State(parts["state"])
        self.durable, self.answer, self.ttl = parts["durable"], parts["answer"], parts["ttl"]
        self._position: tuple[str, int, str] = parts["position"]

    @property
    def file(self) -> str:
        return self._position[0]

    @property
    def line(self) -> int:
        return self._position[1]

    @property
    def function(self) -> str:
        return self._position[2]


def parts_of(effect: Effect) -> dict[str, Any]:
    """An effect as values that can be sent."""
    operation = effect.operation
    return {
        "operation": (operation.channel, operation.name, operation.mode, operation.external, operation.resource),
        "delivery": effect.delivery, "index": effect.index, "detail": effect.detail, "key": effect.key,
        "body": effect.body, "state": str(effect.state), "durable": effect.durable, "ttl": effect.ttl,
        "answer": effect.answer if _can_be_sent(effect.answer) else repr(effect.answer),
        "position": (effect.file, effect.line, effect.function),
    }  # fmt: skip


def outcome_parts(outcome: Outcome) -> tuple[str, str, BaseException | None]:
    """An outcome as values that can be sent; an error that cannot becomes one with its words."""
    error = outcome.error
    if error is not None and not _can_be_sent(error):
        error = RuntimeError(f"{type(error).__name__}: {error}")
    return str(outcome.kind), outcome.reason, error


def outcome_of(parts: tuple[str, str, BaseException | None]) -> Outcome:
    """The outcome that was sent."""
    kind, reason, error = parts
    return Outcome(OutcomeKind(kind), reason=reason, error=error)


def _can_be_sent(value: object) -> bool:
    try:
        pickle.loads(pickle.dumps(value))
    except Exception:
        return False
    return True


class Sending(pickle.Pickler):
    """Sends things that the other process has as well by their address there."""

    def __init__(self, file: io.BytesIO, known: dict[int, object]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._known = known

    def persistent_id(self, thing: object) -> int | None:
        if thing is None or isinstance(thing, int | str | bytes):
            return None
        return id(thing) if self._known.get(id(thing)) is thing else None


class Receiving(pickle.Unpickler):
    """The other side of `Sending`."""

    def __init__(self, file: io.BytesIO, known: dict[int, object]) -> None:
        super().__init__(file)
        self._known = known

    def persistent_load(self, address: int) -> object:
        return self._known[address]


def run_forked(work: Callable[[], object], known: dict[int, object]) -> Any:
    """Do the work in a forked process.

    Args:
        work: runs there; returns what is to be sent back.
        known: by their addresses, the things that both processes have.

    Returns:
        What the work has returned; None if the process ended without a word.

    Raises:
        RuntimeError: what the work has returned cannot be sent.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _answer(work, known, theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    if data == _SILENT:
        return None
    good, answer = Receiving(io.BytesIO(data), known).load()
    if not good:
        raise RuntimeError(f"isolation='fork': {answer}")
    return answer


def _answer(work: Callable[[], object], known: dict[int, object], pipe: int) -> None:
    """Never returns: the forked process ends here, without the clean-up of the process that it is a copy of."""
    try:
        data = io.BytesIO()
        try:
            Sending(data, known).dump((True, work()))
        except Exception as error:
            data = io.BytesIO()
            words = f"what the delivery has left in the world cannot be sent back: {type(error).__name__}: {error}"
            pickle.dump((False, words), data)
        with os.fdopen(pipe, "wb") as file:
            file.write(data.getvalue())
    finally:
        os._exit(0)
