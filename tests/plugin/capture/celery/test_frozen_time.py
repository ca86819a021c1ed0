"""Celery under the plugin's frozen time: the body, Celery and the engine see one clock, and nothing waits for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from celery.utils.time import maybe_make_aware

from pytest_jobkit.session import JobSession

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("freezer", ["freezegun", "time-machine"])
def test_the_body_sees_the_time_at_which_it_is_due(app: Celery, freezer: str) -> None:
    pytest.importorskip(freezer.replace("-", "_"))
    seen: list[tuple[datetime, float]] = []

    with JobSession(start=START, freezer=freezer, frameworks=["celery"]) as jobs:
        jobs.clock.freeze()

        @app.task(shared=False, name="shop.remind", bind=True)
        def remind(self: Any) -> None:
            seen.append((datetime.now(UTC), time.time()))
            if self.request.retries < 2:
                raise self.retry(countdown=3600)

        remind.apply_async(countdown=60)
        remind.apply_async(eta=datetime.now(UTC) + timedelta(days=2))
        jobs.perform_enqueued_jobs()

    times = [START + timedelta(seconds=60 + 3600 * n) for n in range(3)]
    times += [START + timedelta(days=2, seconds=3600 * n) for n in range(3)]
    assert [moment for moment, _ in seen] == times
    assert [epoch for _, epoch in seen] == [moment.timestamp() for moment in times]


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "not frozen"])
def test_expiry_is_judged_on_the_virtual_clock_whether_or_not_time_is_frozen(app: Celery, frozen: bool) -> None:
    with JobSession(start=START, frameworks=["celery"]) as jobs:
        if frozen:
            jobs.clock.freeze()

        @app.task(shared=False, name="shop.offer")
        def offer() -> None: ...

        offer.apply_async(countdown=30, expires=60)
        offer.apply_async(countdown=90, expires=60)
        jobs.perform_enqueued_jobs()

        assert [job.state for job in jobs.performed] == ["succeeded", "discarded"]
        assert jobs.have_discarded_job(offer)


def test_a_datetime_of_frozen_time_crosses_the_wire_as_a_plain_one(app: Celery) -> None:
    seen: list[Any] = []

    with JobSession(start=START, frameworks=["celery"]) as jobs:
        jobs.clock.freeze()

        @app.task(shared=False, name="shop.note")
        def note(moment: datetime) -> None:
            seen.append(moment)

        note.delay(datetime.now(UTC))
        (job,) = jobs.enqueued
        assert b'{"__type__": "datetime", "__value__": "2026-03-01T09:00:00+00:00"}' in bytes(job.envelope.body)  # type: ignore[arg-type]  # Celery's bodies are bytes
        jobs.perform_enqueued_jobs()

    assert seen == [START]
    assert maybe_make_aware(seen[0]) == START


def test_a_revoke_holds_across_a_jump_in_time(app: Celery) -> None:
    with JobSession(start=START, frameworks=["celery"]) as jobs:
        jobs.clock.freeze()

        @app.task(shared=False, name="shop.offer")
        def offer() -> None: ...

        result = offer.apply_async(countdown=2 * 3600)
        result.revoke()
        jobs.perform_enqueued_jobs()

        assert [job.reason for job in jobs.performed] == ["revoked before it ran"]
        assert jobs.have_discarded_job(offer)
