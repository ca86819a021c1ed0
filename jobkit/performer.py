"""How the delivery layer runs a jobkit message: read it into a new job and let that perform."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from jobkit.current import current_backend
from jobkit.envelope import Call, Delivery, Envelope, Performer
from jobkit.errors import JobkitError
from jobkit.message import decode, job_of
from jobkit.outcome import Outcome, OutcomeKind
from jobkit.registry import find_job_class
from jobkit.retry.handlers import RetryOn

if TYPE_CHECKING:
    from jobkit.definition import Definition
    from jobkit.retry.exhaustion import RetryOptions


class JobPerformer(Performer):
    """Runs the messages that jobs of this library enqueue."""

    def perform(self, delivery: Delivery) -> Outcome | Awaitable[Outcome]:
        try:
            job = job_of(delivery.envelope.body)
        except JobkitError as error:
            return Outcome(OutcomeKind.FAILED, error=error, reason="the message could not be read")
        job._was_delivered = True
        return job.run(current_backend())

    def call(self, envelope: Envelope) -> Call:
        job = job_of(envelope.body)
        decode(job)
        return Call(envelope.name, job.arguments, job.kwarguments)

    def target(self, envelope: Envelope) -> object | None:
        """The job class, or the `@job` function that it was made of."""
        try:
            job_class = find_job_class(envelope.name)
        except JobkitError:
            return None
        function: object | None = job_class.__dict__.get("job_function")
        return job_class if function is None else function

    def body(self, target: object) -> tuple[Any, str] | None:
        return getattr(target, "job_class", target), "perform"

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        job_class: Any = getattr(target, "job_class", target)
        job_class.perform_later(*arguments, **kwarguments)

    def signature(self, target: object) -> inspect.Signature | None:
        job_class: Any = getattr(target, "job_class", target)
        return definition_of(job_class).signature

    def is_for(self, envelope: Envelope, job: object) -> bool:
        job_class = getattr(job, "job_class", job)
        if isinstance(job_class, type):
            return envelope.name == f"{job_class.__module__}.{job_class.__qualname__}"
        return super().is_for(envelope, job)

    def is_async(self, envelope: Envelope) -> bool:
        definition = self._definition(envelope)
        return definition is not None and definition.is_async

    def retry_options(self, envelope: Envelope) -> RetryOptions | None:
        definition = self._definition(envelope)
        return None if definition is None else definition.retry_options

    def attempts_max(self, envelope: Envelope) -> int | None:
        """The attempts of the one retry_on; None where there are several, for each counts its own errors."""
        definition = self._definition(envelope)
        if definition is None:
            return None
        rules = [handler for handler in definition.handlers if isinstance(handler, RetryOn)]
        if not rules:
            return 1
        return rules[0].attempts if len(rules) == 1 else None

    def _definition(self, envelope: Envelope) -> Definition | None:
        try:
            job_class: Any = find_job_class(envelope.name)
        except JobkitError:
            return None
        return definition_of(job_class)


def definition_of(job_class: Any) -> Definition:
    """What a job class declares."""
    return job_class._definition or job_class.__new__(job_class).definition  # type: ignore[no-any-return]  # class var


PERFORMER = JobPerformer()
