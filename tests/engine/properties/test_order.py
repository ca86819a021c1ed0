"""Priorities and due times are never inverted within a queue, whatever else is going on."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jobkit import Engine, QueueConfig, job
from jobkit.fetch_order import QueueEntry

ran: list[int] = []

sent = st.tuples(
    st.none() | st.integers(-2, 2), st.none() | st.sampled_from([0.0, 5.0, 5.5, 60.0]), st.sampled_from(["a", "b"])
)
configs = st.sampled_from(
    [
        {},
        {"config": QueueConfig(queues=(QueueEntry("a", 3), QueueEntry("b", 1)))},
        {"config": QueueConfig(queues=(QueueEntry("b"), QueueEntry("a")))},
    ]
)


@job
def note(number: int) -> None:
    ran.append(number)


@given(configs, st.lists(sent, max_size=20))
def test_a_job_never_runs_before_a_more_urgent_or_older_one_that_could_have_run(
    config: dict[str, Any], jobs: list[tuple[int | None, float | None, str]]
) -> None:
    ran.clear()
    engine = Engine(**config)
    start = engine.clock.time()
    with engine.active():
        for number, (priority, wait, queue) in enumerate(jobs):
            note.set(priority=priority, wait=wait, queue=queue).perform_later(number)
        engine.drain()

    began = {record.arguments[0]: record.envelope for record in engine.performed}
    times = {record.arguments[0]: record.started_at for record in engine.performed}
    assert sorted(ran) == list(range(len(jobs)))
    for place, number in enumerate(ran):
        priority, wait, queue = jobs[number]
        assert times[number].timestamp() >= start + (wait or 0)  # type: ignore[union-attr]  # it was performed
        for other in ran[place + 1 :]:
            other_priority, other_wait, other_queue = jobs[other]
            was_ready = (began[other].due or start) <= times[number].timestamp()  # type: ignore[union-attr]  # as above
            if other_queue != queue or not was_ready:
                continue
            assert (priority or 0) <= (other_priority or 0)
            if (priority or 0) == (other_priority or 0):
                assert ((wait or 0.0), number) < ((other_wait or 0.0), other)


@given(st.lists(sent, max_size=20))
def test_the_strict_order_of_queues_is_never_inverted_either(
    jobs: list[tuple[int | None, float | None, str]],
) -> None:
    ran.clear()
    engine = Engine(config=QueueConfig(queues=(QueueEntry("b"), QueueEntry("a"))))
    with engine.active():
        for number, (priority, _, queue) in enumerate(jobs):
            note.set(priority=priority, queue=queue).perform_later(number)
        engine.drain()

    assert [jobs[number][2] for number in ran] == sorted((queue for _, _, queue in jobs), reverse=True)
