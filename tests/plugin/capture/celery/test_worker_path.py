"""What runs a message is Celery's worker: current app, request, task classes, expiry, revokes, results, rejects."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from celery import Celery, Task, current_app, current_task, group
from celery.exceptions import Ignore, NotRegistered, Reject
from celery.exceptions import TimeoutError as CeleryTimeout

from jobkit.engine import Engine
from pytest_jobkit.capture.celery.results import ResultNotReady
from pytest_jobkit.capture.network import StrayConnection

pytestmark = pytest.mark.usefixtures("capture")


def test_a_body_runs_on_the_thread_of_the_test_as_in_a_worker(app: Celery, engine: Engine) -> None:
    seen: list[Any] = []

    @app.task(shared=False, name="shop.look", bind=True)
    def look(self: Any) -> None:
        request = self.request
        seen.append((threading.current_thread(), current_task.name, current_app.main, request.is_eager))
        seen.append((request.called_directly, request.delivery_info["routing_key"], request.hostname))

    before = current_app.main
    look.apply_async(queue="eyes")
    engine.drain()

    assert seen == [
        (threading.current_thread(), "shop.look", "shop", False),
        (False, "eyes", "jobkit@test"),
    ]
    assert current_app.main == before


def test_each_app_runs_its_own_task_of_the_same_name(engine: Engine) -> None:
    ran: list[str] = []
    apps = [Celery(name, broker="amqp://127.0.0.1:1//", set_as_current=False) for name in ("one", "two")]

    def body_of(name: str) -> Any:
        def body() -> None:
            ran.append(name)

        return body

    for app in apps:
        app.task(shared=False, name="same.name")(body_of(app.main)).delay()
    engine.drain()

    assert ran == ["one", "two"]


def test_a_task_class_with_a_call_of_its_own_keeps_its_request(app: Celery, engine: Engine) -> None:
    seen: list[Any] = []

    class InContext(Task):  # type: ignore[misc, type-arg, unused-ignore]  # Celery has types only with its stubs
        def __call__(self, *arguments: Any, **options: Any) -> Any:
            seen.append("entered")
            return super().__call__(*arguments, **options)

    @app.task(shared=False, name="shop.look", base=InContext, bind=True)
    def look(self: Any) -> None:
        seen.append(self.request.id)

    result = look.delay()
    engine.drain()

    assert seen == ["entered", result.id]


def test_a_body_that_the_test_replaces_is_the_one_that_runs(
    app: Celery, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    @app.task(shared=False, name="shop.mail")
    def mail() -> str:
        return "sent"

    mail.delay()
    engine.drain()
    monkeypatch.setattr(mail, "run", lambda: "kept")
    mail.delay()
    engine.drain()

    assert [job.result for job in engine.performed] == ["sent", "kept"]


def test_a_task_that_expired_while_it_waited_is_given_up_and_says_so(app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.offer")
    def offer() -> None: ...

    result = offer.apply_async(expires=60)
    engine.advance(seconds=61)
    engine.drain()

    (job,) = engine.performed
    assert (job.state, result.state) == ("discarded", "REVOKED")
    assert job.reason == "expired before it ran (expires 2026-01-01T12:01:00+00:00)"


def test_a_task_that_has_not_expired_runs(app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.offer")
    def offer() -> None: ...

    offer.apply_async(expires=60, countdown=60)
    engine.drain()

    assert [job.state for job in engine.performed] == ["succeeded"]


def test_a_revoked_task_never_runs(app: Celery, engine: Engine) -> None:
    ran: list[int] = []

    @app.task(shared=False, name="shop.count")
    def count(n: int) -> None:
        ran.append(n)

    results = [count.delay(n) for n in range(2)]
    results[0].revoke()
    engine.drain()

    assert ran == [1]
    assert [(job.state, job.reason) for job in engine.performed] == [
        ("discarded", "revoked before it ran"),
        ("succeeded", ""),
    ]


def test_no_worker_answers_a_question(app: Celery) -> None:
    assert app.control.ping() == []
    assert app.control.inspect().active() is None


def test_reject_with_requeue_hands_the_message_out_again_as_redelivered(app: Celery, engine: Engine) -> None:
    redelivered: list[bool] = []

    @app.task(shared=False, name="shop.busy", bind=True, acks_late=True)
    def busy(self: Any) -> None:
        redelivered.append(self.request.delivery_info["redelivered"])
        if len(redelivered) == 1:
            raise Reject("no slot", requeue=True)

    busy.delay()
    engine.drain()

    assert redelivered == [False, True]
    assert [job.state for job in engine.performed] == ["retried", "succeeded"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Reject("poison", requeue=False), "rejected: the broker drops or dead-letters it"),
        (Ignore(), "the task raised Ignore"),
    ],
    ids=["reject", "ignore"],
)
def test_reject_and_ignore_end_as_discards(error: Exception, reason: str, app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.drop", acks_late=True)
    def drop() -> None:
        raise error

    drop.delay()
    engine.drain()

    assert [(job.state, job.reason) for job in engine.performed] == [("discarded", reason)]


def test_a_task_that_nobody_registered_ends_as_a_worker_would_end_it(app: Celery, engine: Engine) -> None:
    result = app.send_task("elsewhere.mail")

    with pytest.raises(NotRegistered):
        engine.drain()
    assert result.state == "FAILURE"


def test_waiting_for_a_result_before_the_task_has_run_fails_at_once(app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.add")
    def add(x: int, y: int) -> int:
        return x + y

    result = add.delay(1, 2)
    both = group(add.s(1, 1), add.s(2, 2)).apply_async()

    with pytest.raises(ResultNotReady, match=r"perform the jobs first \(perform_enqueued_jobs\(\)\)"):
        result.get()
    with pytest.raises(CeleryTimeout):
        result.get(timeout=5)
    with pytest.raises(ResultNotReady, match="2 of the tasks have not run"):
        both.get()

    engine.drain()

    assert result.get() == 3
    assert both.get() == [2, 4]


def test_an_app_without_a_result_back_end_stays_without(engine: Engine) -> None:
    app = Celery("plain", broker="redis://127.0.0.1:1/0", set_as_current=False)

    @app.task(shared=False, name="plain.add")
    def add(x: int, y: int) -> int:
        return x + y

    result = add.delay(1, 2)
    engine.drain()

    with pytest.raises(NotImplementedError, match="No result backend is configured"):
        result.get()


def test_a_result_that_json_cannot_hold_fails_the_task(app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.make")
    def make() -> object:
        return object()

    result = make.delay()

    with pytest.raises(Exception, match="not JSON serializable"):
        engine.drain()
    assert result.state == "FAILURE"


def test_getting_a_result_inside_a_task_is_refused_as_in_a_worker(app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.add")
    def add(x: int, y: int) -> int:
        return x + y

    @app.task(shared=False, name="shop.outer")
    def outer() -> int:
        return int(add.delay(1, 2).get())

    outer.delay()

    with pytest.raises(RuntimeError, match=r"Never call result\.get\(\) within a task"):
        engine.drain()


def test_a_connection_from_a_task_fails_with_the_task_and_the_places(app: Celery, engine: Engine) -> None:
    @app.task(shared=False, name="shop.peek")
    def peek() -> None:
        with app.connection() as connection:
            connection.connect()

    peek.delay()

    with pytest.raises(StrayConnection) as caught:
        engine.drain()
    text = str(caught.value)
    assert "shop.peek tried to connect: <Connection: redis://" in text
    assert f"called from {__file__}:" in text
    assert "(the job was enqueued at " in text
    assert "in test_a_connection_from_a_task_fails_with_the_task_and_the_places" in text


def test_a_message_of_the_users_own_kombu_producer_goes_its_own_way(app: Celery, engine: Engine) -> None:
    from kombu import Connection

    with Connection("memory://") as connection, connection.SimpleQueue("stock") as queue:
        queue.put({"sku": 1})
        assert queue.get(timeout=1).payload == {"sku": 1}

    assert engine.enqueued == ()
