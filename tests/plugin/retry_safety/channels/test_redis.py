"""redis: commands and pipelines, sync and async, on a real server; the test skips where none answers."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import redis
import redis.asyncio

from pytest_jobkit.retry_safety import Report, RetrySafety, World, world

# a database of its own on the server, for each worker of pytest
NUMBER = 15 - int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 15


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    client = redis.Redis(db=NUMBER, socket_connect_timeout=1)
    try:
        client.ping()
    except redis.ConnectionError:
        pytest.skip("no Redis answers on localhost:6379")
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def store(client: redis.Redis) -> World:
    @world
    def store() -> Iterator[redis.Redis]:
        client.flushdb()
        client.set("stock", 5)
        yield client

    return store


def effects(report: Report) -> list[str]:
    return [effect.what for effect in report.base.deliveries[0].effects]


def test_adding_again_is_found(client, store, retry_safety: RetrySafety):
    def job():
        client.incr("points")

    report = retry_safety(job, world=store)

    assert effects(report) == ["INCRBY points 1"]
    assert report.schedule == "rs1:1.noack1"
    assert report.channel("cache").duplicates == 1


def test_setting_again_changes_nothing(client, store, retry_safety: RetrySafety):
    def job():
        client.hset("order:1", "state", "paid")
        client.set("seen", b"\xff\x00")
        client.expire("order:1", 3600)

    report = retry_safety(job, world=store)

    assert report.safe, report
    assert report.closed


def test_what_redis_holds_is_compared_and_put_back(client, store, retry_safety: RetrySafety):
    def job():
        client.set("stock", int(client.get("stock")) - 1)

    report = retry_safety(job, world=store)

    assert not report.safe
    assert "4" in str(report.findings[0])
    assert "3" in str(report.findings[0])


def test_a_pipeline_is_one_effect(client, store, retry_safety: RetrySafety):
    def job():
        with client.pipeline() as pipeline:
            pipeline.set("a", 1)
            pipeline.incr("b")
            pipeline.execute()

    report = retry_safety(job, world=store)

    assert effects(report) == ["pipeline SET INCRBY a 1 · b 1"]
    assert report.schedule == "rs1:1.noack1"


def test_reads_of_a_watched_pipeline_are_effects_too(client, store, retry_safety: RetrySafety):
    def job():
        with client.pipeline() as pipeline:
            pipeline.watch("stock")
            if pipeline.get("stock") == b"5":
                pipeline.multi()
                pipeline.set("stock", 4)
                pipeline.execute()

    report = retry_safety(job, world=store)

    assert effects(report) == ["GET stock", "SET stock 4"]
    assert report.safe, report


def test_a_lock_without_an_end_is_left_behind(client, store, retry_safety: RetrySafety):
    def job():
        if not client.set("lock", "1", nx=True):
            raise RuntimeError("somebody holds the lock")
        client.set("done", 1)
        client.delete("lock")

    report = retry_safety(job, world=store, kinds="kill")

    assert report.schedule == "rs1:1.kill1"
    assert "never finishes" in str(report.findings[0])


@pytest.mark.parametrize(("fault", "stock"), [("before", b"5"), ("after", b"4")])
def test_the_injected_error_is_the_librarys_own(client, store, fault: str, stock: bytes, retry_safety: RetrySafety):
    seen: list[tuple[type, bytes]] = []

    def job():
        try:
            client.set("stock", 4)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            seen.append((type(error), client.get("stock")))

    retry_safety(job, world=store, kinds=fault)

    assert seen[0] == (redis.ConnectionError if fault == "before" else redis.TimeoutError, stock)


def test_the_async_client_reports_the_same(client, store, retry_safety: RetrySafety):
    async def job():
        async with redis.asyncio.Redis(db=NUMBER) as other:
            await other.incr("points")
            async with other.pipeline() as pipeline:
                pipeline.set("a", 1)
                pipeline.rpush("b", "x")
                await pipeline.execute()

    report = retry_safety(job, world=store)

    assert effects(report) == ["INCRBY points 1", "pipeline SET RPUSH a 1 · b x"]
    assert report.schedule == "rs1:1.noack2"


def test_a_client_that_only_the_job_knows_is_put_back_too(client, retry_safety: RetrySafety):
    @world
    def hidden() -> Iterator[None]:
        with redis.Redis(db=NUMBER) as setup:
            setup.flushdb()
        yield None

    def job():
        with redis.Redis(db=NUMBER) as own:
            if own.set("done", 1, nx=True):
                own.rpush("mails", "x")

    report = retry_safety(job, world=hidden)

    assert report.schedule == "rs1:1.kill1", "killed between the mark and the work, the work is lost"
