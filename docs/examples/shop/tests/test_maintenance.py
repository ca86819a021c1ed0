"""Imports, chains, slices, reports: jobs that nobody waits for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobkit import Engine, QueueConfig, Schedule
from jobs import DailyReport, ImportData, LargeDataProcess, ParallelProcess, ProcessSlice, SyncUser, cleanup_carts

HERE = Path(__file__).parents[1]


def with_products(shop, count):
    with shop.db as db:
        db.executemany("insert into products (sku, name) values (?, 'x')", [(f"sku{n:04}",) for n in range(count)])


def processed(shop):
    return shop.one("select count(*) as n from products where processed = 1")["n"]


def test_an_import_replaces_what_is_there(shop, tmp_path, perform_enqueued_jobs):
    file = tmp_path / "products.csv"
    file.write_text("sku,name\na,Apple\nb,Bread\n")

    ImportData.perform_later(str(file))
    perform_enqueued_jobs()
    ImportData.perform_later(str(file))
    perform_enqueued_jobs()

    assert shop.rows("select sku, name from products") == [{"sku": "a", "name": "Apple"}, {"sku": "b", "name": "Bread"}]


def test_the_same_file_is_enqueued_once_at_a_time(jobs):
    first = ImportData.perform_later("products.csv")
    second = ImportData.perform_later("products.csv")

    assert first
    assert not second
    assert [record.job_id for record in jobs.engine.enqueued] == [first.job_id]


def test_many_requests_to_sync_a_user_are_one_job(have_enqueued_job, perform_enqueued_jobs, shop):
    for _ in range(5):
        SyncUser.perform_later(1)

    assert have_enqueued_job(SyncUser).with_args(1).once()
    assert perform_enqueued_jobs().performed == 1
    assert shop.one("select synced_at from users where id = 1")["synced_at"]


def test_a_chain_of_links_reaches_the_end(shop, perform_enqueued_jobs):
    with_products(shop, 120)
    LargeDataProcess.perform_later()

    result = perform_enqueued_jobs()

    assert processed(shop) == 120
    assert result.performed == 4


def test_slices_run_two_at_a_time_and_their_end_is_noted(shop, jobs, perform_enqueued_jobs):
    with_products(shop, 350)
    ParallelProcess.perform_later()

    perform_enqueued_jobs(only=ParallelProcess)

    assert (len(jobs.engine.enqueued), len(jobs.engine.blocked)) == (2, 2)
    assert perform_enqueued_jobs(only=ProcessSlice).succeeded == 4
    perform_enqueued_jobs()
    assert processed(shop) == 350
    assert shop.metrics.counts["products.processed"] == 1


def test_the_report_of_a_day_is_written_once(shop, perform_enqueued_jobs):
    DailyReport.perform_later()
    DailyReport.perform_later()

    perform_enqueued_jobs()

    assert [row["cents"] for row in shop.rows("select cents from reports")] == [500]


def test_carts_that_nobody_touches_are_removed(shop):
    with shop.db as db:
        db.execute("insert into carts (updated_at) values (datetime('now', '-40 days')), (datetime('now'))")

    assert cleanup_carts.perform_now() == 1


def test_the_report_is_scheduled_for_six_in_the_morning_in_berlin_summer_and_winter():
    schedule = Schedule.load(HERE / "schedule.yml")
    start = datetime(2026, 3, 28, tzinfo=UTC)

    times = schedule["daily_report"].fire_times(start, start + timedelta(days=2))

    assert [str(time) for time in times] == ["2026-03-28 06:00:00+01:00", "2026-03-29 06:00:00+02:00"]


def test_two_days_of_the_whole_schedule(shop):
    engine = Engine(config=QueueConfig.load(HERE / "queues.yml"), schedule=Schedule.load(HERE / "schedule.yml"))

    result = engine.drain(until=timedelta(days=2))

    assert result.performed == 2 + 2 * 48
    assert len(shop.rows("select * from reports")) == 2


def test_payments_are_first_in_line_most_often():
    from collections import Counter
    from random import Random

    from jobkit.fetch_order import FetchPlan

    plan = FetchPlan(QueueConfig.load(HERE / "queues.yml").queues)
    first = Counter(plan.order(source)[0] for source in [Random(0)] for _ in range(6000))

    assert 2100 < first["payments"] < 2700


def test_every_job_is_timed(shop):
    SyncUser.perform_now(1)

    assert shop.metrics.counts["SyncUser.succeeded"] == 1
    assert len(shop.metrics.timings["SyncUser"]) == 1
