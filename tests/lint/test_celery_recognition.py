"""Which Celery jobs and enqueue sites are recognised, through imports across files."""

from __future__ import annotations

import pytest

APP = """
    from celery import Celery
    app = Celery("shop")
"""
TASKS = """
    from celery import shared_task

    @shared_task
    def ship(order_id, express=False):
        pass
"""


def names(program) -> list[str]:
    return [job.name for job in program.jobs.all()]


def forms(program) -> list[tuple[str, str]]:
    sites = sorted(program.sites.found, key=lambda site: (site.module.shown, site.at))
    return [(site.job.name.rpartition(".")[2], site.form) for site in sites]


@pytest.mark.parametrize(
    "source",
    [
        "from celery import shared_task\n@shared_task\ndef ship(): pass",
        "from celery import shared_task\n@shared_task(bind=True)\ndef ship(self): pass",
        "import celery\n@celery.shared_task()\ndef ship(): pass",
        "from celery import shared_task as background\n@background\ndef ship(): pass",
        "from celery.task import task\n@task\ndef ship(): pass",
        "from celery import Celery\napp = Celery()\n@app.task\ndef ship(): pass",
        "from celery import current_app\n@current_app.task\ndef ship(): pass",
        "from celery import Celery\napp = Celery()\ndef ship(): pass\nship_task = app.task(ship)",
        "from celery import Celery\napp = Celery()\ndef ship(): pass\nship_task = app.task(bind=False)(ship)",
        "from celery import Task\nclass ship(Task):\n    def run(self): pass",
        "from celery.app.task import Task\nclass ship(Task):\n    def run(self): pass",
        "from celery import Task\nclass Base(Task):\n    abstract = True\nclass ship(Base):\n    def run(self): pass",
        "from celery import Celery\nclass App(Celery): pass\napp = App()\n@app.task\ndef ship(): pass",
        "from celery import Celery\ndef make() -> Celery: return Celery()\napp = make()\n@app.task\ndef ship(): pass",
        "from celery import Celery\ndef make():\n    a = Celery()\n    return a\napp = make()\n"
        "@app.task\ndef ship(): pass",
        "try:\n    from celery import shared_task\nexcept ImportError:\n    pass\n@shared_task\ndef ship(): pass",
        "from functools import partial\nfrom celery import shared_task\ntask = partial(shared_task, bind=False)\n"
        "@task()\ndef ship(): pass",
        "import functools\nfrom celery import shared_task\ndef job(f):\n    @shared_task\n    @functools.wraps(f)\n"
        "    def inner(*a): return f(*a)\n    return inner\n@job\ndef ship(): pass",
        "from celery import shared_task\ndef job(**options):\n    def make(f):\n"
        "        return shared_task(**options)(f)\n    return make\n@job(queue='low')\ndef ship(): pass",
    ],
)
def test_a_declaration_is_recognised(program, source):
    found = program({"tasks.py": source})

    assert "tasks.ship" in names(found)
    assert {job.framework.name for job in found.jobs.all()} == {"celery"}


@pytest.mark.parametrize(
    "source",
    [
        "from invoke import task\n@task\ndef ship(c): pass",
        "from airflow.decorators import task\n@task\ndef ship(): pass",
        "from somewhere import app\n@app.task\ndef ship(): pass",
        "def shared_task(f): return f\n@shared_task\ndef ship(): pass",
        "from celery import Task\nclass Base(Task):\n    abstract = True\n    def run(self): pass",
    ],
)
def test_a_name_alone_makes_no_job(program, source):
    assert names(program({"tasks.py": source})) == []


@pytest.mark.parametrize(
    ("call", "form"),
    [
        ("ship.delay(1)", "delay"),
        ("ship.apply_async((1,), countdown=5)", "apply_async"),
        ("ship.apply_async(kwargs={'order_id': 1})", "apply_async"),
        ("ship.delay_on_commit(1)", "delay_on_commit"),
        ("ship.s(1).delay()", "s"),
        ("ship.si(1).set(queue='low').apply_async()", "si"),
        ("chain(ship.s(1))()", "s"),
        ("group(ship.s(pk) for pk in (1, 2))()", "s"),
        ("chord([ship.si(1)])(ship.si(2))", "si"),
        ("app.send_task('shop.tasks.ship', args=[1])", "send_task"),
        ("signature('shop.tasks.ship', args=(1,))", "signature"),
        ("on_commit(partial(ship.delay, 1))", "partial(delay)"),
        ("on_commit(lambda: ship.delay(1))", "delay"),
        ("on_commit(ship.delay)", "on_commit(delay)"),
        ("ship.signature((1,)).apply_async()", "signature"),
        ("app.tasks['shop.tasks.ship'].delay(1)", "delay"),
    ],
)
def test_an_enqueue_form_is_recognised(program, call, form):
    caller = f"""
    from functools import partial
    from celery import chain, chord, group, signature
    from django.db.transaction import on_commit
    from shop.celery import app
    from shop.tasks import ship

    def view():
        {call}
    """

    found = program({"shop/celery.py": APP, "shop/tasks.py": TASKS, "shop/views.py": caller})

    assert {job for job, _ in forms(found)} == {"ship"}
    assert forms(found)[0][1] == form


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from shop.tasks import ship", "ship.delay(1)"),
        ("from shop import tasks", "tasks.ship.delay(1)"),
        ("import shop.tasks", "shop.tasks.ship.delay(1)"),
        ("from .tasks import ship as send_out", "send_out.delay(1)"),
        ("from . import tasks", "tasks.ship.delay(1)"),
        ("from shop import ship", "ship.delay(1)"),
        ("from shop import *", "ship.delay(1)"),
    ],
)
@pytest.mark.parametrize("folder", ["", "src/"])
def test_a_job_is_followed_through_imports(program, imports, call, folder):
    files = {
        f"{folder}shop/__init__.py": "from .tasks import ship",
        f"{folder}shop/tasks.py": TASKS,
        f"{folder}shop/views.py": f"{imports}\ndef view():\n    {call}\n",
    }

    assert forms(program(files)) == [("ship", "delay")]


def test_an_import_inside_the_function_is_followed(program):
    caller = """
    class View:
        def post(self):
            from shop.tasks import ship
            enqueue = ship.delay
            enqueue(1)
    """

    assert forms(program({"shop/tasks.py": TASKS, "shop/views.py": caller})) == [("ship", "delay")]


def test_a_table_of_periodic_jobs_is_an_enqueue_site(program):
    settings = """
    CELERY_BEAT_SCHEDULE = {
        "ship": {"task": "shop.tasks.ship", "schedule": 60.0, "args": (7,)},
        "gone": {"task": "shop.tasks.gone", "schedule": 60.0},
    }
    """

    found = program({"shop/tasks.py": TASKS, "shop/settings.py": settings})

    assert forms(found) == [("ship", "CELERY_BEAT_SCHEDULE")]
    assert [argument.value.value for argument in found.sites.found[0].arguments] == [7]
    assert [one.reason for one in found.sites.unresolved] == ["no job of this name among the files"]


def test_arguments_are_bound_to_the_parameters(program):
    caller = """
    from shop.tasks import ship

    def view(pk):
        args = (pk,)
        ship.apply_async(args, {"express": True}, countdown=5)
    """

    (site,) = program({"shop/tasks.py": TASKS, "shop/views.py": caller}).sites.found

    assert [argument.name for argument in site.arguments] == ["order_id", "express"]
    assert site.is_complete
    assert list(site.options) == ["countdown"]


def test_a_bound_task_enqueues_itself(program):
    source = """
    from celery import shared_task

    @shared_task(bind=True)
    def ship(self, order_id):
        self.apply_async((order_id,), countdown=60)
    """

    assert forms(program({"tasks.py": source})) == [("ship", "apply_async")]


def test_what_stays_unresolved_is_told_with_the_reason(program):
    caller = """
    from elsewhere import send
    from shop.models import order

    def view(job):
        job.delay(1)
        send.delay(1)
        order.delay(1)
    """

    found = program({"shop/models.py": "order = 1\n", "shop/views.py": caller})

    assert [(one.text, one.reason) for one in found.sites.unresolved] == [
        ("job.delay(...)", "`job` is a parameter: what it is depends on the caller"),
        ("send.delay(...)", "elsewhere.send is not among the files"),
        ("order.delay(...)", "shop.models.order is not recognised as a job"),
    ]


def test_the_settings_teach_house_wrappers(program):
    files = {
        "shop/queue.py": "def background(f): return f\nclass Base: pass\ndef enqueue(name, *args): pass\n",
        "shop/tasks.py": "from shop.queue import background, Base\n@background\ndef ship(pk): pass\n"
        "class Bill(Base):\n    def run(self, pk): pass\n",
        "shop/views.py": "from shop.queue import enqueue\nfrom shop.tasks import ship\n"
        "def view():\n    ship.delay(1)\n    enqueue('shop.tasks.ship', 2)\n",
    }

    found = program(
        files,
        job_decorators={"shop.queue.background": "celery"},
        job_bases={"shop.queue.Base": "celery"},
        enqueue_functions=["shop.queue.enqueue"],
    )

    assert names(found) == ["shop.tasks.ship", "shop.tasks.Bill"]
    assert forms(found) == [("ship", "delay"), ("ship", "enqueue")]
