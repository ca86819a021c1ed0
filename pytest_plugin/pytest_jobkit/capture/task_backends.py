"""Django Tasks under the engine: the same for Django's own ``django.tasks`` and for its backport.

The capture point is `enqueue` of each backend class, whichever the settings choose. Execution is
``ImmediateBackend._execute_task``, the part that runs a task with its context, its signals and its result.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, ClassVar

from django.utils.crypto import get_random_string  # type: ignore[import-untyped]  # Django has no types
from django.utils.module_loading import import_string  # type: ignore[import-untyped]  # Django has no types

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.base import Capture
from pytest_jobkit.capture.class_tree import all_subclasses
from pytest_jobkit.capture.process_end import ends_the_process


class TaskBackendsCapture(Capture):
    """Every backend of one of the two packages; a subclass says of which."""

    #: the package, as it is imported
    package: ClassVar[str]

    def patch(self) -> None:
        self._base = import_module(f"{self.package}.base")
        self._immediate = import_module(f"{self.package}.backends.immediate")
        self._signals = import_module(f"{self.package}.signals")
        self._not_found = import_module(f"{self.package}.exceptions").TaskResultDoesNotExist
        self._base_backend: Any = import_module(f"{self.package}.backends.base").BaseTaskBackend
        self._results: dict[str, Any] = {}
        self._body: _Body | None = None
        self._busy: str | None = None
        self._taken: set[tuple[type[Any], str]] = set()
        for kind in (self._base_backend, *all_subclasses(self._base_backend)):
            self._take(kind)
        self._take_later_ones()
        self.forbid_connections(self.package.partition(".")[0], "django_rq", "rq")
        self.replace(self._immediate.ImmediateBackend, "supports_defer", True)  # it is the engine that waits
        self.replace(self._immediate, "task_enqueued", _ToldAlready(self._results))
        self.replace(self._immediate, "timezone", self)
        self.replace(self._base.Task, "call", self._noting(self._base.Task.call))

    def now(self) -> datetime:
        """The engine's time, where the backend asks `django.utils.timezone`."""
        return datetime.fromtimestamp(self.clock.time(), UTC)

    def _take_later_ones(self) -> None:
        initialize = self._base_backend.__init__

        def __init__(backend: Any, *arguments: Any, **options: Any) -> None:
            self._take(type(backend))
            initialize(backend, *arguments, **options)

        self.replace(self._base_backend, "__init__", __init__)

    def _take(self, kind: type[Any]) -> None:
        """Capture the class of the line that first defines a method: what a subclass adds to it stays."""
        for name, stand_in in self._stand_ins().items():
            line = [one for one in kind.__mro__ if name in vars(one)]
            definer = next((one for one in reversed(line) if one is not self._base_backend), line[-1])
            if (definer, name) not in self._taken:
                self._taken.add((definer, name))
                self.replace(definer, name, stand_in)

    def _stand_ins(self) -> dict[str, Callable[..., Any]]:
        def enqueue(backend: Any, task: Any, args: Any, kwargs: Any) -> Any:
            backend.validate_task(task)
            result = self._new_result(task, backend.alias, args, kwargs)
            self._results[result.id] = result
            self._busy, outer = task.module_path, self._busy
            try:
                self.enqueue(result)
                self._signals.task_enqueued.send(type(backend), task_result=result)
            finally:
                self._busy = outer
            return deepcopy(result)

        async def aenqueue(backend: Any, task: Any, args: Any, kwargs: Any) -> Any:
            return backend.enqueue(task, args, kwargs)

        def get_result(backend: Any, result_id: str) -> Any:
            if result_id not in self._results:
                raise self._not_found(result_id)
            return self._results[result_id]

        async def aget_result(backend: Any, result_id: str) -> Any:
            return backend.get_result(result_id)

        return {"enqueue": enqueue, "aenqueue": aenqueue, "get_result": get_result, "aget_result": aget_result}

    def _new_result(self, task: Any, alias: str, args: Any, kwargs: Any, earlier: Any = None) -> Any:
        """A result that is ready to run; a further run of the same task knows of the `earlier` one."""
        return self._base.TaskResult(
            task=task,
            id=get_random_string(32) if earlier is None else earlier.id,
            status=self._base.TaskResultStatus.READY,
            enqueued_at=self.now() if earlier is None else earlier.enqueued_at,
            started_at=None if earlier is None else earlier.started_at,
            last_attempted_at=None,
            finished_at=None,
            args=args,
            kwargs=kwargs,
            backend=alias,
            errors=[] if earlier is None else list(earlier.errors),
            worker_ids=[] if earlier is None else list(earlier.worker_ids),
        )

    def envelope(self, raw: Any) -> Envelope:
        task = raw.task
        body = json.dumps(
            {
                "task_path": task.module_path,
                "args_kwargs": {"args": raw.args, "kwargs": raw.kwargs},
                "priority": task.priority,
                "queue_name": task.queue_name,
                "backend_name": raw.backend,
                "run_after": None if task.run_after is None else task.run_after.isoformat(),
            }
        )
        # Django's highest number runs first
        return Envelope(raw.id, task.module_path, body, self, task.queue_name, -task.priority, self.due(raw))

    def due(self, raw: Any) -> float | None:
        run_after = raw.task.run_after
        if run_after is None:
            return None
        instant: float = run_after.timestamp()
        return instant if instant > self.clock.time() else None

    def perform(self, delivery: Delivery) -> Outcome:
        envelope = delivery.envelope
        outer = self._body, self._busy
        body = self._body = _Body()
        self._busy = envelope.name
        try:
            result = self._decoded(envelope)
            backend = result.task.get_backend()
            if not hasattr(backend, "worker_id"):
                self.replace(backend, "worker_id", get_random_string(32))
            self._immediate.ImmediateBackend._execute_task(backend, result)
            self._results[envelope.job_id] = result
        except _ProcessEnded as end:
            raise end.error from None
        except Exception as error:
            return Outcome(OutcomeKind.FAILED, error=error, reason="the worker cannot read the message")
        finally:
            self._body, self._busy = outer
        if result.status == self._base.TaskResultStatus.SUCCESSFUL:
            return Outcome(OutcomeKind.SUCCEEDED, result.return_value)
        return Outcome(OutcomeKind.FAILED, error=body.error or _unsaid(result), reason="Django Tasks do not retry")

    def _decoded(self, envelope: Envelope) -> Any:
        """The task's result, made anew from the bytes as a worker does."""
        message = json.loads(envelope.body)
        run_after = message["run_after"]
        task = import_string(message["task_path"]).using(
            priority=message["priority"],
            queue_name=message["queue_name"],
            backend=message["backend_name"],
            run_after=None if run_after is None else datetime.fromisoformat(run_after),
        )
        call = message["args_kwargs"]
        earlier = self._results[envelope.job_id]
        return self._new_result(task, message["backend_name"], call["args"], call["kwargs"], earlier)

    def _noting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(task: Any, *arguments: Any, **options: Any) -> Any:
            body, self._body = self._body, None
            try:
                return call(task, *arguments, **options)
            except BaseException as error:
                if body is not None:
                    body.error = error
                    if ends_the_process(error):
                        raise _ProcessEnded(error) from error
                raise

        return noted

    def call(self, envelope: Envelope) -> Call:
        call = json.loads(envelope.body)["args_kwargs"]
        return Call(envelope.name, tuple(call["args"]), call["kwargs"])

    def target(self, envelope: Envelope) -> object | None:
        try:
            task: object = import_string(envelope.name)
        except ImportError:
            return None
        return task if isinstance(task, self._base.Task) else None

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        task: Any = target
        if self.job_name(task) is None:
            super().send(target, arguments, kwarguments)
        else:
            task.enqueue(*arguments, **kwarguments)

    def job_name(self, job: object) -> str | None:
        task: Any = job
        return task.module_path if isinstance(job, self._base.Task) else None

    def signature(self, target: object) -> inspect.Signature | None:
        """Without the context that a task may take."""
        task: Any = target
        if self.job_name(task) is None:
            return None
        signature = inspect.signature(task.func)
        return signature.replace(parameters=list(signature.parameters.values())[int(task.takes_context) :])

    def busy_with(self) -> str | None:
        return self._busy

    def ack_mode(self, envelope: Envelope) -> AckMode:
        """Early, as the database backend has it: the row of a lost worker stays as running, for ever."""
        return AckMode.EARLY

    def attempts_max(self, envelope: Envelope) -> int | None:
        """Django Tasks do not retry."""
        return 1


class _Body:
    """What one task raised; its result keeps only the text."""

    error: BaseException | None = None


class _ToldAlready:
    """In place of the signal that ``ImmediateBackend`` sends once more when a task begins."""

    def __init__(self, results: dict[str, Any]) -> None:
        self._results = results

    def send(self, sender: Any, task_result: Any) -> None:
        """Tell nobody twice, and let the task have been enqueued when it was."""
        object.__setattr__(task_result, "enqueued_at", self._results[task_result.id].enqueued_at)


class _ProcessEnded(KeyboardInterrupt):
    """The only error that ``_execute_task`` lets through; it carries the one that ended the process."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def _unsaid(result: Any) -> RuntimeError:
    return RuntimeError(result.errors[-1].traceback)
