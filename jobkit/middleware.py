"""Middleware of an engine, on both sides of its queues, as Sidekiq's: around a push, and around a delivery.

Both see messages of every framework, for they stand in the delivery layer. The first in the list is the outermost.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any

from jobkit.envelope import Delivery, Envelope
from jobkit.errors import ConfigError, EnqueueError
from jobkit.outcome import Outcome, OutcomeKind

#: called with the message and with what puts it into the queue; a message that is not put there stays out
ClientMiddleware = Callable[[Envelope, Callable[[], None]], Any]
#: a generator function with one ``yield``, which gives the outcome of the delivery
ServerMiddleware = Callable[[Delivery], Generator[None, Outcome, None]]


def push_through(chain: Sequence[ClientMiddleware], envelope: Envelope, push: Callable[[Envelope], None]) -> None:
    """Put `envelope` into the queue from within the client middleware.

    Raises:
        EnqueueError: one of them did not proceed; names it. The job's `successfully_enqueued` is False then.
    """
    stopped_by = ""

    def proceed_from(place: int) -> None:
        nonlocal stopped_by
        if place == len(chain):
            stopped_by = ""
            push(envelope)
        else:
            stopped_by = _name(chain[place])
            chain[place](envelope, lambda: proceed_from(place + 1))

    proceed_from(0)
    if stopped_by:
        raise EnqueueError(f"client middleware {stopped_by} did not proceed with {envelope.name}")


def push_each(envelopes: Sequence[Envelope], push: Callable[[Envelope], None]) -> None:
    """Push all of these, whichever of them are refused.

    Raises:
        EnqueueError: some were refused; its `job_ids` are theirs.
    """
    refused: dict[str, EnqueueError] = {}
    for envelope in envelopes:
        try:
            push(envelope)
        except EnqueueError as error:
            refused[envelope.job_id] = error
    if refused:
        first = next(iter(refused.values()))
        raise EnqueueError(str(first), frozenset(refused)) from first


async def perform_through(chain: Sequence[ServerMiddleware], delivery: Delivery) -> Outcome:
    """Perform `delivery` from within the server middleware; an error that they raise fails the delivery.

    As around Sidekiq's server middleware, an error of theirs goes to the delivery layer's retries. A middleware sees
    a job's own error as the `error` of the outcome.
    """
    if not chain:
        performed = delivery.envelope.performer.perform(delivery)
        return await performed if isinstance(performed, Awaitable) else performed
    first, rest = chain[0], chain[1:]
    running = first(delivery)
    try:
        next(running)
    except StopIteration:
        return Outcome(OutcomeKind.DROPPED, reason=f"server middleware {_name(first)} did not yield")
    except Exception as error:
        return Outcome(OutcomeKind.FAILED, error=error, reason=f"server middleware {_name(first)} raised")
    try:
        outcome = await perform_through(rest, delivery)
    except BaseException:
        running.close()
        raise
    try:
        running.send(outcome)
    except StopIteration:
        return outcome
    except Exception as error:
        return Outcome(OutcomeKind.FAILED, error=error, reason=f"server middleware {_name(first)} raised")
    wrong = ConfigError(f"server middleware {_name(first)} has to yield once; it did so twice")
    return Outcome(OutcomeKind.FAILED, error=wrong, reason=str(wrong))


def _name(middleware: Callable[..., Any]) -> str:
    return getattr(middleware, "__qualname__", None) or repr(middleware)
