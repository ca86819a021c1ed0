"""One attempt of a job, from its arguments to its outcome: ActiveJob's ``perform_now`` (spec: C.5, C.6).

1. the execution is counted, then the arguments are decoded;
2. guards are asked, callbacks and the body run;
3. an error goes to the last declared handler that takes it, or its cause; after_discard runs if that is the end;
4. what came of it is an `Outcome`. Only `perform_now` turns that into a return value or an exception.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jobkit import current, enqueueing, events
from jobkit.callbacks import ChainRun
from jobkit.clock import elapsed
from jobkit.message import decode
from jobkit.outcome import SUCCEEDED, Outcome, OutcomeKind
from jobkit.retry.handlers import DiscardOn, RetryOn, find_handler
from jobkit.settings import Settings
from jobkit.sync import drive

if TYPE_CHECKING:
    from jobkit.backend import Backend
    from jobkit.definition import Definition
    from jobkit.job import Job


class Interrupted(BaseException):
    """Stops a body from a checkpoint; carries how the delivery ends. No ``except Exception`` of a job may take it."""

    def __init__(self, outcome: Callable[[], Outcome]) -> None:
        super().__init__("the job was interrupted at a checkpoint")
        self.outcome = outcome


async def execute(job: Job, backend: Backend) -> Outcome:
    """Perform `job` once and say how it ended; an error of the job is in the outcome, not raised."""
    definition = job.definition
    started = elapsed()
    job.executions = (job.executions or 0) + 1
    token = current._job.set(job)
    outcome: Outcome | None = None
    try:
        try:
            if job._encoded is not None:
                decode(job)
            outcome = await _attempt(job, definition, backend)
        except Exception as error:
            for guard in definition.guards:
                guard.at_error(job, backend, error)
            outcome = await _resume_or_handle(job, definition, error, backend)
        except Interrupted as interruption:
            outcome = interruption.outcome()
        for guard in definition.guards:
            guard.at_end(job, backend, outcome)
    finally:
        current._job.reset(token)
        if outcome is not None:
            failed = outcome.error if outcome.kind is OutcomeKind.FAILED else None
            # An around that does not proceed stops the job, but only an abort is marked as one (spec: D).
            aborted = outcome.kind is OutcomeKind.HALTED and outcome.result is False
            backend.emit(
                events.Perform(
                    job,
                    backend.clock.time(),
                    aborted,
                    failed,
                    elapsed() - started,
                )
            )
    return outcome


def perform_plain(job: Job, definition: Definition, backend: Backend) -> Outcome:
    """`execute` for the many jobs that have nothing but a body, without a coroutine; errors go the common way."""
    started = elapsed()
    clock = backend.clock
    job.executions = (job.executions or 0) + 1
    token = current._job.set(job)
    try:
        try:
            if job._encoded is not None:
                decode(job)
            backend.emit(events.PerformStart(job, clock.time()))
            outcome = _completed(job, job.perform(*job._arguments, **(job._kwarguments or {})))
        except Exception as error:
            outcome = drive(_resume_or_handle(job, definition, error, backend))
        except Interrupted as interruption:
            outcome = interruption.outcome()
    finally:
        current._job.reset(token)
    failed = outcome.error if outcome.kind is OutcomeKind.FAILED else None
    backend.emit(events.Perform(job, clock.time(), False, failed, elapsed() - started))
    return outcome


def _completed(job: Job, result: Any) -> Outcome:
    if job._retry_enqueued:
        return Outcome(OutcomeKind.RETRIED, result, reason="the body called retry_job")
    return SUCCEEDED if result is None else Outcome(OutcomeKind.SUCCEEDED, result)


async def _attempt(job: Job, definition: Definition, backend: Backend) -> Outcome:
    for guard in definition.guards:
        refusal = guard.at_start(job, backend)
        if refusal is not None:
            return refusal.outcome or Outcome(OutcomeKind.DROPPED, reason=refusal.reason, bury=refusal.bury)
    backend.emit(events.PerformStart(job, backend.clock.time()))
    if definition.perform_callbacks:
        run = ChainRun(definition.perform_callbacks, job, lambda: _body(job, definition), is_async=definition.is_async)
        result = await run.run()
        if run.halted_by is not None:
            return Outcome(OutcomeKind.HALTED, False, reason=f"before_perform {run.halted_by!r} aborted")
        if not run.reached:
            return Outcome(OutcomeKind.HALTED, reason="an around_perform did not proceed")
    else:
        result = job.perform(*job._arguments, **(job._kwarguments or {}))
        if definition.is_async:
            result = await result
    for guard in definition.guards:
        guard.at_success(job, backend)
    return _completed(job, result)


async def _body(job: Job, definition: Definition) -> Any:
    result = job.perform(*job._arguments, **(job._kwarguments or {}))
    return await result if inspect.isawaitable(result) else result


async def _resume_or_handle(job: Job, definition: Definition, error: Exception, backend: Backend) -> Outcome:
    """An error after progress resumes a continuation, before any retry_on is asked (spec: H.3); else handlers are."""
    continuation = job.continuation
    if continuation is not None and continuation.advanced and job.resume_errors_after_advancing:
        outcome: Outcome = continuation.resume_later(f"{type(error).__name__} after it had advanced", error)
        if outcome.kind is not OutcomeKind.FAILED or outcome.error is None:
            return outcome
        return await _handle(job, definition, outcome.error, backend)
    return await _handle(job, definition, error, backend)


async def _handle(job: Job, definition: Definition, error: BaseException, backend: Backend) -> Outcome:
    """Let the declared handlers have `error`; an error that they raise replaces it."""
    try:
        found = find_handler(definition.handlers, error)
        if found is None:
            await _after_discard(job, definition, error)
            return Outcome(OutcomeKind.FAILED, error=error)
        handler, matched = found
        if isinstance(handler, RetryOn):
            return await _retry(job, definition, handler, matched, backend)
        if isinstance(handler, DiscardOn):
            return await _discard(job, definition, handler, matched, backend)
        await _call(handler.handler, job, matched)
    except Exception as raised:
        if raised is not error and raised.__context__ is None:
            raised.__context__ = error
        return Outcome(OutcomeKind.FAILED, error=raised)
    if job._retry_enqueued:
        return Outcome(OutcomeKind.RETRIED, error=matched, reason=f"{handler} enqueued it again")
    return Outcome(OutcomeKind.RESCUED, error=matched, reason=f"{handler} took the error")


async def _retry(job: Job, definition: Definition, rule: RetryOn, error: BaseException, backend: Backend) -> Outcome:
    counters = job.exception_executions
    # A message of an old version has no counters: its executions stand in for this one (spec: A.2).
    count = counters[rule.key] = counters.get(rule.key, 0) + 1
    if not rule.exhausted(count):
        if rule.report:
            backend.report(error)
        wait = rule.wait.seconds(count, error, backend.jitter)
        enqueueing.retry(job, Settings(wait, None, rule.queue, rule.priority), error, backend)
        if job._retry_enqueued:
            limit = "" if rule.attempts is None else f" of {rule.attempts}"
            return Outcome(
                OutcomeKind.RETRIED, error=error, reason=f"{rule}: failure {count}{limit}, again in {wait or 0:g} s"
            )
        return Outcome(
            OutcomeKind.DISCARDED, error=error, reason=f"{rule}: the retry was kept out of the queue, the job is lost"
        )
    started = elapsed()
    try:
        if rule.handler is not None:
            await _call(rule.handler, job, error)
    finally:
        backend.emit(events.RetryStopped(job, backend.clock.time(), error, elapsed() - started))
    await _after_discard(job, definition, error)
    reason = f"{rule}: all {rule.attempts} attempts have failed"
    kind = OutcomeKind.FAILED if rule.handler is None else OutcomeKind.DISCARDED
    return Outcome(kind, error=error, reason=reason)


async def _discard(
    job: Job, definition: Definition, rule: DiscardOn, error: BaseException, backend: Backend
) -> Outcome:
    started = elapsed()
    try:
        if rule.report:
            backend.report(error)
        if rule.handler is not None:
            await _call(rule.handler, job, error)
        await _after_discard(job, definition, error)
    finally:
        backend.emit(events.Discard(job, backend.clock.time(), error, elapsed() - started))
    return Outcome(OutcomeKind.DISCARDED, error=error, reason=f"{rule}")


async def _after_discard(job: Job, definition: Definition, error: BaseException) -> None:
    """Run every after_discard; the last error that they raise is raised when all have run."""
    raised: Exception | None = None
    for procedure in definition.after_discard:
        try:
            await _call(procedure, job, error)
        except Exception as failure:
            raised = failure
    if raised is not None:
        raise raised


async def _call(handler: Callable[..., Any] | str | None, job: Job, error: BaseException) -> None:
    """Call a handler with (job, error), or with as many of these as it takes; a name is a method of the job."""
    if handler is None:
        return
    function = getattr(job, handler) if isinstance(handler, str) else handler
    arguments: tuple[Any, ...] = (error,) if isinstance(handler, str) else (job, error)
    taken = _parameters_taken(function)
    result = function(*arguments[: taken if taken is not None else len(arguments)])
    if inspect.isawaitable(result):
        await result


def _parameters_taken(function: Callable[..., Any]) -> int | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    return sum(
        parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) for parameter in parameters
    )


def perform_now(job: Job, backend: Backend) -> Any:
    """Perform `job` here: its result, False if halted, or its error raised once the handlers have run.

    For an async job, a coroutine that does so.
    """
    if job.definition.is_async:
        return _perform_now(job, backend)
    return drive(_perform_now(job, backend))


async def _perform_now(job: Job, backend: Backend) -> Any:
    outcome = await execute(job, backend)
    if outcome.error is None:
        return outcome.result
    if outcome.kind is not OutcomeKind.FAILED or outcome.reason:
        outcome.error.add_note(f"jobkit: {job} was {outcome.kind} ({outcome.reason})")
    raise outcome.error
