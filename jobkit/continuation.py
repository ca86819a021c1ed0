"""Jobs in steps that go on where they were interrupted, as ActiveJob's Continuable (spec: H.3).

A step that is complete is not run again; the one that was interrupted gets its cursor back. Between steps, and
wherever a step says so, there is a checkpoint: if the worker is stopping, the job ends there and is enqueued again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, overload

from jobkit import current, enqueueing, events
from jobkit.clock import elapsed
from jobkit.errors import InvalidStepError, ResumeLimitError
from jobkit.executor import Interrupted
from jobkit.outcome import Outcome, OutcomeKind
from jobkit.serializers import decode_arguments, encode_arguments
from jobkit.settings import Settings

if TYPE_CHECKING:
    from jobkit.backend import Backend
    from jobkit.job import Job


class Step:
    """A step while it runs.

    Attributes:
        name: the step's name.
        cursor: how far it has come: what was stored last, at first the `start` that it was declared with.
    """

    def __init__(self, continuation: Continuation, name: str, cursor: Any, resumed: bool) -> None:
        self.name = name
        self.cursor = cursor
        self.resumed = resumed
        self._continuation = continuation

    def set(self, value: Any) -> None:
        """Store how far the step has come, any value that a job argument may have; then check as `checkpoint`."""
        self.cursor = value
        self._continuation.advanced = True
        self._continuation.note_cursor(self)
        self.checkpoint()

    def advance(self, from_: Any = None) -> None:
        """Store the number after `from_`, or after the present cursor.

        Raises:
            InvalidStepError: that is no whole number.
        """
        value = self.cursor if from_ is None else from_
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidStepError(
                f"step {self.name!r} cannot advance from {value!r}, which has no successor; "
                "give start=0 or a number, or use set()"
            )
        self.set(value + 1)

    def checkpoint(self) -> None:
        """End the job here, to be resumed, if its worker is stopping."""
        self._continuation.checkpoint()

    def __repr__(self) -> str:
        return f"<Step {self.name!r} at {self.cursor!r}>"


class Continuation:
    """What is done and what is under way in one job, kept in its message.

    Attributes:
        advanced: whether this execution has completed a step or moved a cursor.
        completed: names of the complete steps, in order.
    """

    def __init__(self, job: Job, backend: Backend) -> None:
        self._job = job
        self._backend = backend
        state = job.extras.get("continuation") or {}
        self.completed: list[str] = list(state.get("completed", ()))
        stored = state.get("current")
        self.current: Step | None = None
        self._interrupted: tuple[str, Any] | None = None
        if stored is not None:
            self._interrupted = (stored[0], decode_arguments(stored[1], {})[0][0])
            self._event(events.Resume, current_step=self._interrupted[0])
        self.advanced = False
        self._met: list[str] = []
        self._isolated_met = False

    def begin(self, name: str, start: Any, isolated: bool) -> Step | None:
        """Enter a step; None if it was completed by an earlier execution.

        Raises:
            InvalidStepError: the steps are not those, or not in the order, of the earlier executions.
        """
        self._check(name)
        self._met.append(name)
        if name in self.completed:
            self._backend.emit(events.StepSkipped(self._job, self._backend.clock.time(), name))
            return None
        if self.advanced:
            # ActiveJob: no checkpoint before the first step that is run, nor after the last.
            self.checkpoint()
            if isolated or self._isolated_met:
                self._interrupt("isolating")
        self._isolated_met = isolated
        resumed = self._interrupted is not None
        cursor = self._interrupted[1] if self._interrupted is not None else start
        self._interrupted = None
        self.current = Step(self, name, cursor, resumed)
        self.note_cursor(self.current)
        self._backend.emit(events.StepStarted(self._job, self._backend.clock.time(), self.current))
        return self.current

    def _check(self, name: str) -> None:
        job = self._job.definition.shown
        if not isinstance(name, str) or not name:
            raise InvalidStepError(f"{job}: a step's name is a text, not {name!r}")
        if self.current is not None:
            raise InvalidStepError(
                f"{job}: step {name!r} begins inside of step {self.current.name!r}; steps do not nest"
            )
        if name in self._met:
            raise InvalidStepError(f"{job}: there are two steps named {name!r}; give each a name of its own")
        place = len(self._met)
        if place < len(self.completed):
            if self.completed[place] != name:
                raise InvalidStepError(
                    f"{job}: step {name!r} comes where {self.completed[place]!r} was completed before; "
                    "a job that is under way needs its steps in their old order"
                )
        elif self._interrupted is not None and self._interrupted[0] != name:
            raise InvalidStepError(
                f"{job}: step {name!r} comes where {self._interrupted[0]!r} was interrupted before; "
                "a job that is under way needs its steps in their old order"
            )

    def end(self, step: Step, started: float, error: BaseException | None) -> None:
        """Leave a step, complete if there was no error."""
        self.current = None
        if error is None:
            self.completed.append(step.name)
            self.advanced = True
            self._store(None)
        interrupted = isinstance(error, Interrupted)
        self._backend.emit(
            events.StepFinished(
                self._job,
                self._backend.clock.time(),
                step,
                interrupted,
                None if interrupted else error,
                elapsed() - started,
            )
        )

    def note_cursor(self, step: Step) -> None:
        """Keep the cursor of the running step in the job's message."""
        self._store([step.name, encode_arguments([step.cursor], {})[0]])

    def _store(self, current_step: list[Any] | None) -> None:
        self._job.extras["continuation"] = {"completed": list(self.completed), "current": current_step}

    def checkpoint(self) -> None:
        """Stop the job here if its worker is stopping."""
        stopping = self._backend.stopping(self._job)
        if stopping:
            self._interrupt("stopping" if stopping is True else str(stopping))

    def _interrupt(self, reason: str) -> None:
        def outcome() -> Outcome:
            self._event(events.Interrupt, reason=reason)
            return self.resume_later(f"interrupted: {reason}", None)

        raise Interrupted(outcome)

    def resume_later(self, reason: str, error: BaseException | None) -> Outcome:
        """Enqueue the job again with what it has done, and say so as its outcome.

        The outcome is a failure with `ResumeLimitError` if the job was resumed as often as it may be.
        """
        job = self._job
        resumptions = int(job.extras.get("resumptions", 0))
        if job.max_resumptions is not None and resumptions >= job.max_resumptions:
            limit = ResumeLimitError(
                f"{job} was resumed {resumptions} times, which is its max_resumptions; the last time it was {reason}"
            )
            limit.__cause__ = error
            return Outcome(OutcomeKind.FAILED, error=limit, reason=str(limit))
        job.extras["resumptions"] = resumptions + 1
        enqueueing.retry(job, Settings(wait=job.resume_wait), error, self._backend)
        return Outcome(OutcomeKind.INTERRUPTED, error=error, reason=reason)

    def _event(self, kind: type[events.Interrupt] | type[events.Resume], **details: Any) -> None:
        step = details.pop("current_step", None if self.current is None else self.current.name)
        done = ", ".join(self.completed) or "nothing"
        description = f"{done} completed" + (f", in step {step!r}" if step else "")
        self._backend.emit(
            kind(
                self._job,
                self._backend.clock.time(),
                description=description,
                completed_steps=tuple(self.completed),
                current_step=step,
                **details,
            )
        )


@overload
def step(name: str, run: Callable[[Step], Any], *, start: Any = ..., isolated: bool = ...) -> Any: ...
@overload
def step(name: str, *, start: Any = ..., isolated: bool = ...) -> Callable[[Callable[[Step], Any]], Any]: ...
def step(name: str, run: Callable[[Step], Any] | None = None, *, start: Any = None, isolated: bool = False) -> Any:
    """Run a part of the current job that need not be done twice, as ActiveJob's ``step``.

    Args:
        name: unique within the job; the message keeps it, so it stays when the code changes.
        run: called now with the `Step`, unless the step was completed by an earlier execution. Left out, `step` is a
            decorator that calls the function below it now.
        start: the first cursor.
        isolated: whether the step gets an execution of its own.

    Returns what `run` returns, None for a step that is skipped; for an async `run` something to await.

    Raises:
        InvalidStepError: outside of a job; a name that is there twice; nested steps; another order than before.
    """
    if run is None:
        return lambda function: step(name, function, start=start, isolated=isolated)
    job = current.current_job()
    if job is None:
        raise InvalidStepError(f"step({name!r}) is outside of a job; it goes into the body of one")
    continuation = continuation_of(job)
    entered = continuation.begin(name, start, isolated)
    if entered is None:
        return None
    started = elapsed()
    try:
        result = run(entered)
    except BaseException as error:
        continuation.end(entered, started, error)
        raise
    if isinstance(result, Awaitable):
        return _finish(continuation, entered, started, result)
    continuation.end(entered, started, None)
    return result


async def _finish(continuation: Continuation, entered: Step, started: float, result: Awaitable[Any]) -> Any:
    try:
        value = await result
    except BaseException as error:
        continuation.end(entered, started, error)
        raise
    continuation.end(entered, started, None)
    return value


def continuation_of(job: Job) -> Continuation:
    """The continuation of a job that is being performed; begun when its first step is met."""
    if job.continuation is None:
        job.continuation = Continuation(job, current.current_backend())
    found: Continuation = job.continuation
    return found
