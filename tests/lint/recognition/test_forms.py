"""Every form in which the nine frameworks declare and enqueue jobs, one line each, besides the plain ones."""

from __future__ import annotations

from typing import NamedTuple

import pytest


class Form(NamedTuple):
    """Source of ``shop/tasks.py`` and of ``shop/views.py``, and the forms of the sites of the job ``ship``."""

    framework: str
    tasks: str
    view: str
    sites: list[str]


CELERY = "from celery import Celery\napp = Celery()\n@app.task(bind=True)\ndef ship(self, pk): ...\n"
RQ = "def ship(pk): ...\n"
DRAMATIQ = "import dramatiq\n@dramatiq.actor\ndef ship(pk): ...\n"
HUEY = "from huey.contrib.djhuey import db_task\n@db_task()\ndef ship(pk): ...\n"
ARQ = "async def ship(ctx, pk): ...\n\nclass WorkerSettings:\n    functions = [ship]\n"
TASKIQ = "from taskiq import InMemoryBroker as B\nb = B()\n@b.task(task_name='x')\nasync def ship(pk): ...\n"
PROCRASTINATE = "from procrastinate import Blueprint\nbp = Blueprint()\n@bp.task(queue='low')\ndef ship(pk): ...\n"
DJANGO = "from django_tasks import task\n@task()\ndef ship(pk): ...\n"
JOBKIT = "import jobkit\n@jobkit.job(queue='low')\ndef ship(pk): ...\n"
HERE = "from shop.tasks import ship\n"

FORMS = {
    "celery: signature options": Form("celery", CELERY, HERE + "ship.s(1).set(queue='a').delay()", ["s"]),
    "celery: in a list for a group": Form(
        "celery", CELERY, HERE + "from celery import group\ngroup([ship.s(1), ship.si(2)]).apply_async()", ["s", "si"]
    ),
    "celery: piped": Form("celery", CELERY, HERE + "(ship.s(1) | ship.s()).delay()", ["s", "s"]),
    "celery: current_app by name": Form(
        "celery",
        CELERY,
        "from celery import current_app\ncurrent_app.send_task('shop.tasks.ship', (1,))",
        ["send_task"],
    ),
    "celery: app's signature by name": Form(
        "celery", CELERY, "from shop.tasks import app\napp.signature('shop.tasks.ship').delay()", ["signature"]
    ),
    "celery: on_commit with a lambda": Form(
        "celery",
        CELERY,
        HERE + "from django.db import transaction\ntransaction.on_commit(lambda: ship.apply_async((1,)))",
        ["apply_async"],
    ),
    "celery: app.conf.beat_schedule": Form(
        "celery",
        CELERY + "app.conf.beat_schedule = {'s': {'task': 'shop.tasks.ship', 'schedule': 5}}\n",
        "1",
        ["beat_schedule"],
    ),
    "celery: add_periodic_task": Form("celery", CELERY + "app.add_periodic_task(5.0, ship.s(1))\n", "1", ["s"]),
    "celery: base class": Form(
        "celery",
        CELERY.replace("bind=True", "base=Base, bind=True").replace("@app", "class Base(app.Task): ...\n@app"),
        HERE + "ship.delay(1)",
        ["delay"],
    ),
    "celery: method of a view class": Form(
        "celery", CELERY, HERE + "class View:\n    def get(self):\n        return ship.delay(1)", ["delay"]
    ),
    "celery: comprehension": Form("celery", CELERY, HERE + "[ship.delay(pk) for pk in (1, 2)]", ["delay"]),
    "celery: keyed by a name in a dict": Form("celery", CELERY, HERE + "task = ship\ntask.delay(1)", ["delay"]),
    "rq: queue in a variable": Form(
        "rq", RQ, HERE + "from rq import Queue\nq = Queue('low')\nq.enqueue(ship, 1)", ["enqueue"]
    ),
    "rq: function by name": Form(
        "rq", RQ + "from rq.decorators import job\nship = job('low')(ship)\n", HERE + "ship.delay(1)", ["delay"]
    ),
    "rq: django_rq.get_queue": Form(
        "rq", RQ, HERE + "import django_rq\ndjango_rq.get_queue('low').enqueue(ship, pk=1)", ["enqueue"]
    ),
    "rq: django_rq.enqueue": Form("rq", RQ, HERE + "import django_rq\ndjango_rq.enqueue(ship, 1)", ["enqueue"]),
    "rq: enqueue_many": Form(
        "rq",
        RQ,
        HERE + "from rq import Queue\nq = Queue()\nq.enqueue_many([Queue.prepare_data(ship, (1,))])",
        ["prepare_data"],
    ),
    "rq: enqueue_at": Form(
        "rq",
        RQ,
        HERE + "from rq import Queue\nfrom datetime import datetime\nQueue().enqueue_at(datetime.max, ship, 1)",
        ["enqueue_at"],
    ),
    "rq: queue of an instance": Form(
        "rq",
        RQ,
        HERE
        + "from rq import Queue\nclass Sender:\n    def __init__(self):\n        self.queue = Queue()\n"
        + "    def go(self):\n        self.queue.enqueue(ship, 1)",
        ["enqueue"],
    ),
    "dramatiq: actor with arguments and a pipeline": Form(
        "dramatiq",
        DRAMATIQ.replace("actor\n", "actor(max_retries=0)\n"),
        HERE + "import dramatiq\ndramatiq.pipeline([ship.message(1), ship.message()]).run()",
        ["message", "message"],
    ),
    "dramatiq: pipe of messages": Form(
        "dramatiq", DRAMATIQ, HERE + "(ship.message(1) | ship.message()).run()", ["message", "message"]
    ),
    "dramatiq: options": Form(
        "dramatiq", DRAMATIQ, HERE + "ship.send_with_options(args=(1,), delay=1000)", ["send_with_options"]
    ),
    "dramatiq: renamed import": Form(
        "dramatiq", "from dramatiq import actor as job\n@job\ndef ship(pk): ...\n", HERE + "ship.send(1)", ["send"]
    ),
    "huey: a plain call": Form("huey", HUEY, HERE + "ship(1)", ["call"]),
    "huey: renamed at import": Form(
        "huey", HUEY, "from shop.tasks import ship as go\ndef view():\n    go(1)", ["call"]
    ),
    "huey: through the module": Form("huey", HUEY, "from shop import tasks\ntasks.ship(1)", ["call"]),
    "huey: scheduled": Form("huey", HUEY, HERE + "ship.schedule(args=(1,), delay=5)", ["schedule"]),
    "huey: signature": Form("huey", HUEY, HERE + "from shop.h import huey\nhuey.enqueue(ship.s(1))", ["s"]),
    "arq: pool of a request": Form(
        "arq",
        ARQ,
        "from arq import ArqRedis\nasync def view(redis: ArqRedis):\n    await redis.enqueue_job('ship', 1)",
        ["enqueue_job"],
    ),
    "arq: pool in a module variable": Form(
        "arq",
        ARQ,
        "from arq import ArqRedis\np: ArqRedis | None = None\nasync def view():\n    await p.enqueue_job('ship', 1)",
        ["enqueue_job"],
    ),
    "arq: named by func()": Form(
        "arq",
        "from arq.worker import func\n" + ARQ.replace("[ship]", "[func(ship, name='send')]"),
        "from arq import create_pool\nasync def v():\n    p = await create_pool()\n    await p.enqueue_job('send', 1)",
        ["enqueue_job"],
    ),
    "arq: from a job's context": Form(
        "arq", ARQ.replace("...", "await ctx['redis'].enqueue_job('ship', pk)"), "1", ["enqueue_job"]
    ),
    "taskiq: kicker": Form(
        "taskiq", TASKIQ, HERE + "async def view():\n    await ship.kicker().with_labels(a=1).kiq(1)", ["kiq"]
    ),
    "taskiq: shared_task": Form(
        "taskiq",
        "from taskiq import async_shared_broker\n@async_shared_broker.task\nasync def ship(pk): ...\n",
        HERE + "async def view():\n    await ship.kiq(1)",
        ["kiq"],
    ),
    "taskiq: scheduled by time": Form(
        "taskiq",
        TASKIQ,
        HERE + "async def view(source, at):\n    await ship.schedule_by_time(source, at, 1)",
        ["schedule_by_time"],
    ),
    "procrastinate: blueprint": Form("procrastinate", PROCRASTINATE, HERE + "ship.defer(pk=1)", ["defer"]),
    "procrastinate: configure": Form(
        "procrastinate", PROCRASTINATE, HERE + "ship.configure(lock='a').defer(pk=1)", ["defer"]
    ),
    "procrastinate: by name": Form(
        "procrastinate",
        PROCRASTINATE.replace("queue='low'", "name='ship'"),
        "from procrastinate import App\napp = App()\napp.configure_task('ship').defer(pk=1)",
        ["configure_task"],
    ),
    "django tasks: using": Form("django_tasks", DJANGO, HERE + "ship.using(priority=1).enqueue(1)", ["enqueue"]),
    "django tasks: async": Form(
        "django_tasks", DJANGO, HERE + "async def view():\n    await ship.aenqueue(1)", ["aenqueue"]
    ),
    "jobkit: set": Form("jobkit", JOBKIT, HERE + "ship.set(wait=5).perform_later(1)", ["perform_later"]),
    "jobkit: many": Form(
        "jobkit",
        JOBKIT,
        HERE + "import jobkit\njobkit.perform_all_later([ship.build(1), ship.build(2)])",
        ["build", "build"],
    ),
}


@pytest.mark.parametrize("title", FORMS)
def test_the_job_and_its_sites_are_recognised(program, title):
    form = FORMS[title]

    found = program({"shop/__init__.py": "", "shop/tasks.py": form.tasks, "shop/views.py": form.view + "\n"})

    job = next(job for job in found.jobs.all() if job.name == "shop.tasks.ship")
    sites = sorted((site for site in found.sites.found if site.job is job), key=lambda site: site.at)
    assert job.framework.name == form.framework
    assert job.reason
    assert [site.form for site in sites] == form.sites
