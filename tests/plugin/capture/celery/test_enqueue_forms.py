"""Every way in which Celery enqueues is one message, with its arguments, queue, priority and due time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery, chain, chord, group, signals
from kombu.exceptions import EncodeError

from jobkit.engine import Engine
from pytest_jobkit.capture.celery import CeleryCapture

pytestmark = pytest.mark.usefixtures("capture")


@pytest.fixture
def add(app: Celery) -> Any:
    @app.task(shared=False, name="shop.add")
    def add(x: int, y: int = 0) -> int:
        return x + y

    return add


@pytest.fixture
def total(app: Celery) -> Any:
    @app.task(shared=False, name="shop.total")
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    return total


def calls(engine: Engine) -> list[tuple[str, list[Any], dict[str, Any]]]:
    return [(job.name, list(job.arguments), job.kwarguments) for job in (*engine.enqueued, *engine.scheduled)]


@pytest.mark.parametrize(
    "enqueue",
    [
        lambda app, add: add.delay(1, y=2),
        lambda app, add: add.apply_async((1,), {"y": 2}),
        lambda app, add: add.s(1, y=2).delay(),
        lambda app, add: add.s(1, y=2).apply_async(),
        lambda app, add: add.si(1, y=2).delay(),
        lambda app, add: add.signature((1,), {"y": 2}).apply_async(),
        lambda app, add: app.send_task("shop.add", (1,), {"y": 2}),
        lambda app, add: app.signature("shop.add", (1,), {"y": 2}).delay(),
    ],
    ids=["delay", "apply_async", "s.delay", "s.apply_async", "si", "signature", "send_task", "signature by name"],
)
def test_each_form_of_a_single_call_is_the_same_message(
    enqueue: Callable[[Celery, Any], Any], app: Celery, add: Any, engine: Engine
) -> None:
    result = enqueue(app, add)

    (job,) = engine.enqueued
    assert (job.name, list(job.arguments), job.kwarguments) == ("shop.add", [1], {"y": 2})
    assert job.job is app.tasks["shop.add"]
    assert job.job_id == result.id
    assert job.framework == "celery"


def test_a_task_that_this_process_does_not_know_can_be_sent_by_its_name(app: Celery, engine: Engine) -> None:
    app.send_task("elsewhere.mail", args=("a@b.c",), queue="mail")

    (job,) = engine.enqueued
    assert (job.name, job.queue, list(job.arguments), job.job) == ("elsewhere.mail", "mail", ["a@b.c"], None)


def test_queue_priority_and_countdown_are_those_of_the_call(add: Any, engine: Engine) -> None:
    add.apply_async((1, 2), queue="urgent", priority=5, countdown=30)

    (job,) = engine.scheduled
    assert (job.queue, job.priority) == ("urgent", 5)
    assert job.scheduled_at == engine.clock.now() + timedelta(seconds=30)


def test_an_eta_is_the_due_time_whatever_its_zone(add: Any, engine: Engine) -> None:
    noon = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)

    add.apply_async((1, 2), eta=noon.astimezone())

    assert [job.scheduled_at for job in engine.scheduled] == [noon]


def test_a_naive_eta_is_utc_whatever_the_zone_of_the_app_as_a_worker_reads_it(
    app: Celery, add: Any, engine: Engine
) -> None:
    app.conf.timezone = "Europe/Berlin"

    add.apply_async((1, 2), eta=datetime(2026, 1, 2, 12, 0))  # noqa: DTZ001 - what the test is about

    assert [job.scheduled_at for job in engine.scheduled] == [datetime(2026, 1, 2, 12, 0, tzinfo=UTC)]


def test_a_route_of_the_configuration_decides_the_queue(app: Celery, add: Any, engine: Engine) -> None:
    app.conf.task_routes = {"shop.*": {"queue": "shop"}}

    add.delay(1)

    assert [job.queue for job in engine.enqueued] == ["shop"]


def test_a_group_is_one_message_a_member(add: Any, engine: Engine) -> None:
    group(add.s(n, n) for n in range(3)).apply_async()

    assert calls(engine) == [("shop.add", [n, n], {}) for n in range(3)]


def test_a_chain_sends_its_next_task_when_the_one_before_is_done(app: Celery, add: Any, engine: Engine) -> None:
    result = chain(add.s(1, 2), add.s(3), add.s(10)).apply_async()

    assert calls(engine) == [("shop.add", [1, 2], {})]

    engine.drain()

    assert [list(job.arguments) for job in engine.performed] == [[1, 2], [3, 3], [6, 10]]
    assert result.get() == 16


def test_a_chord_joins_in_memory_and_runs_its_body_once(add: Any, total: Any, engine: Engine) -> None:
    result = chord([add.s(1, 1), add.s(2, 2)], total.s()).apply_async()

    engine.drain()

    assert [job.name for job in engine.performed] == ["shop.add", "shop.add", "shop.total"]
    assert result.get() == 6
    assert result.parent.get() == [2, 4]


def test_a_chord_whose_header_fails_never_runs_its_body(app: Celery, add: Any, total: Any, engine: Engine) -> None:
    @app.task(shared=False, name="shop.broken")
    def broken() -> None:
        raise ValueError("no stock")

    result = chord([add.s(1, 1), broken.s()], total.s()).apply_async()

    engine.drain(errors="capture")

    assert [job.name for job in engine.performed] == ["shop.add", "shop.broken"]
    assert result.state == "FAILURE"


def test_chunks_map_and_starmap_are_messages_of_celerys_own_tasks(add: Any, total: Any, engine: Engine) -> None:
    add.chunks([(1, 1), (2, 2), (3, 3)], 2).apply_async()
    add.starmap([(1, 1), (2, 2)]).apply_async()
    total.map([[1, 2], [3]]).apply_async()

    assert [job.name for job in engine.enqueued] == [*["celery.starmap"] * 3, "celery.map"]

    engine.drain()

    assert [job.result for job in engine.performed] == [[2, 4], [6], [2, 4], [3, 3]]


def test_a_link_runs_after_success_and_an_error_link_after_failure(app: Celery, add: Any, engine: Engine) -> None:
    told: list[tuple[str, str]] = []

    @app.task(shared=False, name="shop.broken")
    def broken() -> None:
        raise ValueError("no stock")

    @app.task(shared=False, name="shop.apologise")
    def apologise(request: Any, error: Exception, traceback: Any) -> None:
        told.append((request.task, str(error)))

    add.apply_async((1, 2), link=add.s(10))
    broken.apply_async(link=add.s(10), link_error=apologise.s())

    engine.drain(errors="capture")

    assert [list(job.arguments) for job in engine.performed if job.name == "shop.add"] == [[1, 2], [3, 10]]
    assert told == [("shop.broken", "no stock")]


def test_replace_sends_the_other_task_under_the_same_id(app: Celery, add: Any, engine: Engine) -> None:
    @app.task(shared=False, name="shop.plan", bind=True)
    def plan(self: Any, n: int) -> None:
        raise self.replace(add.s(n, 1))

    result = plan.delay(4)

    engine.drain()

    assert [(job.name, job.state, job.reason) for job in engine.performed] == [
        ("shop.plan", "succeeded", "replaced by another task"),
        ("shop.add", "succeeded", ""),
    ]
    assert result.get() == 5


def test_arguments_that_json_cannot_hold_fail_at_the_call(add: Any, engine: Engine) -> None:
    with pytest.raises(EncodeError):
        add.delay(object())

    assert engine.enqueued == ()


def test_the_body_of_the_task_gets_a_copy_of_its_arguments(app: Celery, engine: Engine) -> None:
    seen: list[Any] = []

    @app.task(shared=False, name="shop.keep")
    def keep(items: list[int]) -> None:
        seen.append(items)

    items = [1]
    keep.delay(items)
    items.append(2)
    engine.drain()

    assert seen == [[1]]
    assert seen[0] is not items


def test_the_bytes_are_those_that_a_broker_would_have_got(add: Any, engine: Engine) -> None:
    add.delay(1, y=2)

    (job,) = engine.enqueued
    assert job.envelope.body == b'[[1], {"y": 2}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'


def test_a_message_of_protocol_1_is_taken_as_well(app: Celery, add: Any, engine: Engine) -> None:
    app.conf.task_protocol = 1

    result = add.apply_async((1, 2), countdown=5)
    engine.drain()

    assert [(job.name, list(job.arguments), job.result) for job in engine.performed] == [("shop.add", [1, 2], 3)]
    assert result.get() == 3


def test_headers_added_by_a_publish_signal_reach_the_task(app: Celery, engine: Engine) -> None:
    seen: list[Any] = []

    @app.task(shared=False, name="shop.traced", bind=True)
    def traced(self: Any) -> None:
        seen.append((self.request.trace_id, self.request.get("baggage")))

    def inject(headers: dict[str, Any], **_: Any) -> None:
        headers |= {"trace_id": "abc", "baggage": {"user": {"id": 7}}}

    signals.before_task_publish.connect(inject)
    try:
        traced.delay()
        engine.drain()
    finally:
        signals.before_task_publish.disconnect(inject)

    assert seen == [("abc", {"user": {"id": 7}})]


def test_the_place_of_the_call_is_noted_on_the_message(add: Any, engine: Engine) -> None:
    add.delay(1)

    (job,) = engine.enqueued
    innermost = (job.envelope.headers or {})["frames"][0]
    assert innermost.path == __file__
    assert innermost.function == "test_the_place_of_the_call_is_noted_on_the_message"


def test_always_eager_has_no_effect_while_celery_is_captured(app: Celery, add: Any, engine: Engine) -> None:
    app.conf.task_always_eager = True

    add.delay(1)

    assert len(engine.enqueued) == 1


def test_a_task_is_recognised_by_itself_its_signature_and_its_name(
    app: Celery, add: Any, total: Any, engine: Engine, capture: CeleryCapture
) -> None:
    add.delay(1)

    (job,) = engine.enqueued
    matching = [capture.is_for(job.envelope, named) for named in (add, add.s(9), "shop.add", "add", total, "dd", print)]
    assert matching == [True, True, True, True, False, False, False]


def test_the_signature_of_a_bound_task_is_without_its_self(app: Celery, capture: CeleryCapture) -> None:
    @app.task(shared=False, name="shop.bound", bind=True, autoretry_for=(OSError,))
    def bound(self: Any, order_id: int, gift: bool = False) -> None: ...

    signature = capture.signature(bound)

    assert signature is not None
    assert list(signature.parameters) == ["order_id", "gift"]
