"""One small program a framework: its declaration, and the ways to enqueue it."""

from __future__ import annotations

import pytest

PROGRAMS = {
    "jobkit": (
        """
        from jobkit import Job, job

        @job(queue="low")
        def ship(order_id): pass

        class ApplicationJob(Job): pass

        class Bill(ApplicationJob):
            def perform(self, order_id): pass

        def view():
            ship.perform_later(1)
            ship.set(wait=60).perform_later(1)
            Bill.perform_later(order_id=1)
            Bill.set(queue="low").perform_later(1)
            ship.build(1)
        """,
        {"ship", "Bill"},
        ["perform_later", "perform_later", "perform_later", "perform_later", "build"],
    ),
    "dramatiq": (
        """
        import dramatiq

        @dramatiq.actor(max_retries=3)
        def ship(order_id): pass

        def view():
            ship.send(1)
            ship.send_with_options(args=(1,), delay=5000)
            dramatiq.group([ship.message(1)]).run()
        """,
        {"ship"},
        ["send", "send_with_options", "message"],
    ),
    "rq": (
        """
        from datetime import timedelta
        from redis import Redis
        from rq import Queue
        from rq.decorators import job

        queue = Queue(connection=Redis())

        @job("low")
        def ship(order_id): pass

        def bill(order_id): pass

        def view():
            ship.delay(1)
            queue.enqueue(bill, 1, job_timeout=60)
            queue.enqueue_in(timedelta(minutes=1), bill, 1)
            queue.enqueue_call(func=bill, args=(1,))
        """,
        {"ship", "bill"},
        ["delay", "enqueue", "enqueue_in", "enqueue_call"],
    ),
    "huey": (
        """
        from huey import RedisHuey, crontab

        huey = RedisHuey()

        @huey.task(retries=2)
        def ship(order_id): pass

        @huey.periodic_task(crontab(minute="0"))
        def clean(): pass

        def view():
            ship(1)
            ship.schedule((1,), delay=60)
        """,
        {"ship", "clean"},
        ["call", "schedule"],
    ),
    "arq": (
        """
        from arq import create_pool, cron

        async def ship(ctx, order_id): pass
        async def clean(ctx): pass

        class WorkerSettings:
            functions = [ship]
            cron_jobs = [cron(clean, hour=3)]

        async def view():
            redis = await create_pool()
            await redis.enqueue_job("ship", 1, _defer_by=5)
        """,
        {"ship", "clean"},
        ["enqueue_job"],
    ),
    "taskiq": (
        """
        from taskiq_redis import ListQueueBroker

        broker = ListQueueBroker("redis://").with_result_backend(None)

        @broker.task
        async def ship(order_id: int): pass

        async def view():
            await ship.kiq(1)
            await ship.kicker().with_labels(delay=5).kiq(1)
        """,
        {"ship"},
        ["kiq", "kiq"],
    ),
    "procrastinate": (
        """
        from procrastinate import App, PsycopgConnector

        app = App(connector=PsycopgConnector())

        @app.task(queue="low")
        def ship(order_id): pass

        async def view():
            ship.defer(order_id=1)
            await ship.configure(lock="x").defer_async(order_id=1)
            ship.batch_defer({"order_id": 1})
        """,
        {"ship"},
        ["defer", "defer_async", "batch_defer"],
    ),
    "django_tasks": (
        """
        from django.tasks import task

        @task(queue_name="low")
        def ship(order_id): pass

        async def view():
            ship.enqueue(1)
            ship.using(priority=5).enqueue(order_id=1)
            await ship.aenqueue(1)
        """,
        {"ship"},
        ["enqueue", "enqueue", "aenqueue"],
    ),
}


@pytest.mark.parametrize("framework", PROGRAMS)
def test_jobs_and_sites_are_recognised(program, framework):
    source, jobs, forms = PROGRAMS[framework]

    found = program({"shop/tasks.py": source})

    assert {job.name.removeprefix("shop.tasks.") for job in found.jobs.all()} == jobs
    assert {job.framework.name for job in found.jobs.all()} == {framework}
    sites = sorted(found.sites.found, key=lambda site: site.at)
    assert [site.form for site in sites] == forms
    assert found.sites.unresolved == []


@pytest.mark.parametrize("framework", sorted(set(PROGRAMS) - {"arq"}))
def test_a_site_in_another_file_needs_no_import_of_the_framework(program, framework):
    source, _, _ = PROGRAMS[framework]
    first = PROGRAMS[framework][2][0]
    call = {"call": "ship(1)", "enqueue_job": ""}.get(first, f"ship.{first}(1)")
    caller = f"from shop.tasks import ship\n\ndef other_view():\n    {call}\n"

    found = program({"shop/tasks.py": source, "shop/views.py": caller})

    assert [site.form for site in found.sites.found if site.module.name == "shop.views"] == [first]
