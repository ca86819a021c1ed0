"""The same scenario, once by Dramatiq's worker on a real broker and once by us: attempts, states and signals agree."""

from __future__ import annotations

import itertools
import socket
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware

from jobkit.engine import Engine
from pytest_jobkit.capture.installed import InstalledCaptures

QUEUE = f"jobkit-{uuid.uuid4().hex[:8]}"
CLOSED = {RedisBroker: "redis://127.0.0.1:1", RabbitmqBroker: "amqp://127.0.0.1:1"}
Story = dict[str, list[tuple[Any, ...]]]
SIGNALS = (
    "before_enqueue", "after_enqueue", "before_delay_message", "before_process_message", "after_process_message",
    "after_skip_message", "before_ack", "after_ack", "before_nack", "after_nack",
)  # fmt: skip


class Recorder(Middleware):
    """What happened to each message, told apart by its first argument, and when its body began."""

    def __init__(self) -> None:
        self.story: Story = defaultdict(list)
        self.began: dict[str, list[float]] = defaultdict(list)
        self.now: Callable[[], float] = time.monotonic

    def note(self, signal: str, message: Any, error: BaseException | None) -> None:
        label = message.args[0] if isinstance(message.args[0], str) else message.args[0]["args"][0]
        name = f"{message.actor_name}({label})"
        if signal == "before_process_message":
            self.began[name].append(self.now())
        self.story[name].append((signal, message.options.get("retries"), type(error).__name__))


def _listen(signal: str) -> Callable[..., None]:
    def listener(self: Recorder, broker: Any, message: Any, *rest: Any, **outcome: Any) -> None:
        self.note(signal, message, outcome.get("exception"))

    return listener


for _signal in SIGNALS:
    setattr(Recorder, _signal, _listen(_signal))


def scenario(broker: dramatiq.Broker) -> Callable[[], None]:
    """Declare the actors; the returned function enqueues."""

    @dramatiq.actor(broker=broker, queue_name=QUEUE, max_retries=2, min_backoff=100, max_backoff=1_000)
    def flaky(label: str) -> None:
        raise ValueError(label)

    @dramatiq.actor(broker=broker, queue_name=QUEUE, throws=(KeyError,))
    def expected(label: str) -> None:
        raise KeyError(label)

    tries: dict[str, int] = defaultdict(int)

    @dramatiq.actor(broker=broker, queue_name=QUEUE)
    def later(label: str) -> None:
        tries[label] += 1
        if tries[label] < 3:
            raise dramatiq.Retry("later", delay=150)

    @dramatiq.actor(broker=broker, queue_name=QUEUE)
    def step(label: str, *given: str) -> str:
        return label

    @dramatiq.actor(broker=broker, queue_name=QUEUE)
    def failed(message: dict[str, Any], error: dict[str, Any]) -> None:
        pass

    def send() -> None:
        flaky.send("runs out")
        flaky.send_with_options(args=("calls back",), on_failure=failed, max_retries=1)
        expected.send("throws")
        later.send("sets its delay")
        step.send("succeeds")
        step.send_with_options(args=("delayed",), delay=200)
        step.send_with_options(args=("too old",), max_age=1, delay=100)
        dramatiq.pipeline([step.message("first"), step.message("second"), step.message("third")], broker=broker).run()

    return send


@pytest.fixture(params=["redis", "rabbitmq"])
def real_broker(request: pytest.FixtureRequest) -> Iterator[dramatiq.Broker]:
    port = {"redis": 6379, "rabbitmq": 5672}[request.param]
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        pytest.skip(f"no {request.param} answers on 127.0.0.1:{port}")
    broker: Any = (
        RedisBroker(url="redis://127.0.0.1:6379", namespace=QUEUE)
        if request.param == "redis"
        else RabbitmqBroker(url="amqp://guest:guest@127.0.0.1:5672")
    )
    yield broker
    if request.param == "redis":
        for key in broker.client.scan_iter(f"{QUEUE}*"):
            broker.client.delete(key)
        broker.client.close()
    else:
        for name in (QUEUE, f"{QUEUE}.DQ", f"{QUEUE}.XQ"):
            broker.channel.queue_delete(name)
    broker.close()


def by_the_real_worker(broker: Any) -> Recorder:
    recorder = Recorder()
    broker.add_middleware(recorder)
    send = scenario(broker)
    worker = dramatiq.Worker(broker, queues={QUEUE}, worker_threads=1, worker_timeout=50)
    worker.start()
    send()
    try:
        deadline = time.monotonic() + 15
        while not _is_over(recorder.story):
            assert time.monotonic() < deadline, f"the real worker did not come to an end: {dict(recorder.story)}"
            worker.join()
            time.sleep(0.02)  # a real broker: there is no clock to move
    finally:
        worker.stop()
    return recorder


def _is_over(story: Story) -> bool:
    sent = sum(signal == "after_enqueue" for events in story.values() for signal, _, _ in events)
    settled = sum(signal in ("after_ack", "after_nack") for events in story.values() for signal, _, _ in events)
    return sent == settled and "step(third)" in story


def by_us(broker: Any) -> Recorder:
    recorder = Recorder()
    broker.add_middleware(recorder)
    send = scenario(broker)
    engine = Engine()
    recorder.now = engine.clock.time
    with InstalledCaptures(engine.push, engine.clock, only=["dramatiq"]):
        send()
        engine.drain(errors="capture")
    return recorder


def test_attempts_states_and_signals_are_those_of_the_real_worker(real_broker: Any) -> None:
    real = by_the_real_worker(real_broker)
    ours = by_us(type(real_broker)(url=CLOSED[type(real_broker)]))

    assert {name: _comparable(events) for name, events in ours.story.items()} == {
        name: _comparable(events) for name, events in real.story.items()
    }
    for name in ("flaky(runs out)", "later(sets its delay)"):
        assert _waits(ours.began[name]) == pytest.approx(_waits(real.began[name]), rel=1.1, abs=0.4)


def _comparable(events: list[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """The signals in their order, for each kind of thread that gives them: between threads there is no order.

    Two threads acknowledge, one for the delay queue and one for the job's own. And the thread of the delay queue may
    come to the signal after its enqueue only when the worker has performed the message already and enqueued the next
    attempt. So both kinds are only counted.
    """
    kinds = ("before_enqueue", "after_enqueue", "delay", "ack", "")
    streams: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in kinds}
    for event in events:
        streams[next(kind for kind in kinds if kind in event[0])].append(event)
    for counted in ("after_enqueue", "ack"):
        streams[counted].sort(key=str)
    return list(streams.values())


def _waits(began: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(began)]
