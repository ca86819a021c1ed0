"""django-q2 under the engine.

The capture point is the broker: while a test runs every broker of django-q is one in the process (`broker`), so that
the signed package is what would have gone out. Execution is what a cluster's processes do to a package one after the
other: the pusher's unpacking, ``django_q.worker.worker`` and ``django_q.monitor.monitor`` (`cluster`).

django-q does not retry: a broker with receipts hands a package that was not acknowledged out again when its ``retry``
seconds are over, a failed one too, up to ``max_attempts``. The default Redis broker has none, so a failure is final.
"""

from __future__ import annotations

import inspect
import pydoc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, NamedTuple

import django_q.brokers  # type: ignore[import-untyped]  # django-q has no types
import django_q.scheduler  # type: ignore[import-untyped]
import django_q.tasks  # type: ignore[import-untyped]
from django_q.brokers import Broker
from django_q.conf import Conf  # type: ignore[import-untyped]
from django_q.models import Schedule  # type: ignore[import-untyped]
from django_q.signing import SignedPackage  # type: ignore[import-untyped]
from django_q.utils import get_func_repr  # type: ignore[import-untyped]

from jobkit.envelope import AckMode, Call, Delivery, Envelope
from jobkit.outcome import Outcome, OutcomeKind
from pytest_jobkit.capture.base import Capture, Recurring
from pytest_jobkit.capture.class_tree import all_subclasses
from pytest_jobkit.capture.django_q__tasks.broker import EngineBroker
from pytest_jobkit.capture.django_q__tasks.cluster import Cluster
from pytest_jobkit.capture.engine_time import loaded_modules
from pytest_jobkit.capture.process_end import ends_the_process


class Pushed(NamedTuple):
    """A signed package on its way into a broker.

    Attributes:
        queue: the cluster that the broker feeds.
        due: not before this instant (epoch seconds): when the broker hands it out again; None for a new one.
    """

    queue: str
    package: str
    due: float | None = None


class DjangoQCapture(Capture):
    """Every broker of django-q2 under the engine."""

    framework = "django_q.tasks"
    label = "django-q2"
    distribution = "django-q2"
    known_versions = ("1.11",)

    def patch(self) -> None:
        self._busy: str | None = None
        self._has_receipts = _hands_out_receipts()
        self._cluster = Cluster(self.replace)
        self.replace(Conf, "SYNC", False)
        self.forbid_connections("django_q")
        modules = loaded_modules("django_q")
        for module in modules:
            if "get_broker" in vars(module):
                self.replace(module, "get_broker", self._broker)
            if vars(module).get("timezone") is django_q.tasks.timezone:
                self.replace(module, "timezone", _EngineTimezone(module.timezone, self.clock.time))
            if "close_old_django_connections" in vars(module):  # they would be the test's own
                self.replace(module, "close_old_django_connections", lambda: None)
        for broker in all_subclasses(Broker):
            if "enqueue" in vars(broker) and broker is not EngineBroker:
                self.replace(broker, "enqueue", self._enqueue_on)

    def _broker(self, list_key: str | None = None) -> EngineBroker:
        return EngineBroker(list_key, self._push)

    def _enqueue_on(self, broker: Any, package: str) -> str:
        """`Broker.enqueue` of a broker that the application made itself."""
        return self._push(str(broker.list_key), package)

    def _push(self, queue: str, package: str) -> str:
        self.enqueue(Pushed(queue, package))
        return package[:8]

    def envelope(self, raw: Pushed) -> Envelope:
        task = SignedPackage.loads(raw.package)
        return Envelope(
            task["id"], get_func_repr(task["func"]), raw.package, self, raw.queue, None, self.due(raw),
            raw.due is not None,
        )  # fmt: skip

    def due(self, raw: Pushed) -> float | None:
        return raw.due

    def perform(self, delivery: Delivery) -> Outcome:
        envelope = delivery.envelope
        outer, self._busy = self._busy, envelope.name
        try:
            done = self._cluster.work_off(envelope.body, self._broker(envelope.queue), self._has_receipts)
        finally:
            self._busy = outer
        if done.error is not None and ends_the_process(done.error):
            raise done.error
        if done.task["success"]:
            return Outcome(OutcomeKind.SUCCEEDED, done.task["result"])
        if not done.is_acknowledged and self._has_receipts:
            return self._hand_out_again(envelope, done.error)
        return Outcome(OutcomeKind.FAILED, error=done.error, reason=self._why_final(done.task))

    def _hand_out_again(self, envelope: Envelope, error: BaseException | None) -> Outcome:
        body = envelope.body if isinstance(envelope.body, str) else envelope.body.decode()
        self.enqueue(Pushed(envelope.queue, body, self.clock.time() + Conf.RETRY))
        reason = f"a failure is not acknowledged, so the broker hands the package out again after retry={Conf.RETRY} s"
        return Outcome(OutcomeKind.RETRIED, error=error, reason=reason)

    def _why_final(self, task: dict[str, Any]) -> str:
        if not self._has_receipts:
            return "the Redis broker has no receipts: it never hands a package out again"
        if task.get("ack_failure"):
            return "ack_failure is set, so the failure was acknowledged"
        return f"max_attempts={Conf.MAX_ATTEMPTS} is reached"

    def ack_mode(self, envelope: Envelope) -> AckMode:
        return AckMode.LATE if self._has_receipts else AckMode.EARLY

    def visibility_timeout(self, envelope: Envelope) -> float | None:
        return float(Conf.RETRY) if self._has_receipts and Conf.RETRY else None

    def attempts_max(self, envelope: Envelope) -> int | None:
        """``max_attempts`` of the settings, where 0 stands for no limit; one where a failure is final."""
        task = SignedPackage.loads(envelope.body)
        if not self._has_receipts or task.get("ack_failure"):
            return 1
        return Conf.MAX_ATTEMPTS or None

    def call(self, envelope: Envelope) -> Call:
        task = SignedPackage.loads(envelope.body)
        return Call(envelope.name, task["args"], task["kwargs"])

    def target(self, envelope: Envelope) -> object | None:
        found: object | None = pydoc.locate(envelope.name)
        return found

    def job_name(self, job: object) -> str | None:
        return str(get_func_repr(job)) if inspect.isroutine(job) else None

    def signature(self, target: object) -> inspect.Signature | None:
        return inspect.signature(target) if inspect.isroutine(target) else None

    def body(self, target: object) -> tuple[Any, str] | None:
        """The module's own name for the function: a worker looks it up there when a package names it by its path."""
        module, _, name = str(self.job_name(target)).rpartition(".")
        owner = pydoc.locate(module)
        return (owner, name) if getattr(owner, name, None) is target else None

    def send(self, target: object, arguments: Sequence[Any], kwarguments: dict[str, Any]) -> None:
        """As ``async_task`` with the function's path."""
        django_q.tasks.async_task(self.job_name(target), *arguments, **kwarguments)

    def busy_with(self) -> str | None:
        return self._busy

    def recurring(self) -> Iterator[Recurring]:
        """The rows of the model `Schedule`, read anew at each question; the cluster's scheduler fires them."""
        for row in Schedule.objects.exclude(repeats=0):
            yield Recurring(row.name or f"schedule {row.pk}", _next_run_of(row.pk), self._fire_schedules)

    def _fire_schedules(self) -> None:
        django_q.scheduler.scheduler(self._broker(Conf.CLUSTER_NAME))


def _next_run_of(key: int) -> Any:
    def next_after(instant: float) -> float | None:
        row = Schedule.objects.exclude(repeats=0).filter(pk=key).first()
        if row is None or row.next_run is None:
            return None
        # The scheduler takes what lies before the present moment, so a row is looked at just after its time.
        at: float = row.next_run.timestamp() + 0.001
        return at if at > instant else instant + 0.001

    return next_after


def _hands_out_receipts() -> bool:
    """Whether the configured kind of broker knows what was not acknowledged; django-q's Redis lists do not."""
    if Conf.BROKER_CLASS:
        module, name = Conf.BROKER_CLASS.rsplit(".", 1)
        kinds = [one.__module__ for one in getattr(import_module(module), name).__mro__]
        return "django_q.brokers.redis_broker" not in kinds
    return bool(Conf.IRON_MQ or isinstance(Conf.SQS, dict) or Conf.ORM or Conf.MONGO)


class _EngineTimezone:
    """Stands in for ``django.utils.timezone`` inside django-q: the engine's present moment."""

    def __init__(self, module: Any, now: Any) -> None:
        self._module = module
        self._now = now

    def now(self) -> datetime:
        moment = datetime.fromtimestamp(self._now(), UTC)
        return moment if self._module.now().tzinfo is not None else moment.astimezone().replace(tzinfo=None)

    def localtime(self, value: datetime | None = None, timezone: Any = None) -> datetime:
        moment: datetime = self._module.localtime(self.now() if value is None else value, timezone)
        return moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)
