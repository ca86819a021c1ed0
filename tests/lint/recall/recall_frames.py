"""Shapes in which real projects write and enqueue jobs, for each framework, to put a body or an argument into."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle

Mutate = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Program:
    """A well-behaved program of files, on which a rule is silent, and its mutants, on which the rule must fire.

    `earlier` is what the files held before, for a rule that compares.
    """

    title: str
    files: dict[str, str]
    mutants: tuple[dict[str, str], ...]
    settings: dict[str, object] = field(default_factory=dict)
    earlier: dict[str, str] | None = None


@dataclass(frozen=True)
class JobFrame:
    """How a framework declares a job. `head` ends where the body begins; `retries`: a failed one is run again."""

    framework: str
    imports: str
    head: str
    tail: str = ""
    depth: int = 1
    retries: bool = True


JOBS = (
    JobFrame("celery", "from celery import shared_task", "@shared_task(autoretry_for=(OSError,))\ndef work({p}):"),
    JobFrame(
        "celery",
        "from celery import Celery\n\napp = Celery('shop')",
        "@app.task(bind=True, autoretry_for=(OSError,), retry_backoff=True)\ndef work(self, {p}):",
    ),
    JobFrame(
        "celery",
        "from celery import Task",
        "class Work(Task):\n    autoretry_for = (OSError,)\n\n    def run(self, {p}):",
        depth=2,
    ),
    JobFrame("dramatiq", "import dramatiq", "@dramatiq.actor(max_retries=3)\ndef work({p}):"),
    JobFrame(
        "rq",
        "from redis import Redis\nfrom rq import Queue, Retry\n\nqueue = Queue(connection=Redis())",
        "def work({p}):",
        "def start({p}):\n    queue.enqueue(work, {p})",
        retries=False,
    ),
    JobFrame(
        "rq", "from django_rq import job\nfrom rq import Retry", "@job('low', retry=Retry(max=3))\ndef work({p}):"
    ),
    JobFrame("huey", "from huey import RedisHuey\n\nhuey = RedisHuey()", "@huey.task(retries=2)\ndef work({p}):"),
    JobFrame(
        "arq", "", "async def work(ctx, {p}):", "class WorkerSettings:\n    functions = [work]\n    max_tries = 3"
    ),
    JobFrame(
        "taskiq",
        "from taskiq_redis import ListQueueBroker\n\nbroker = ListQueueBroker('redis://')",
        "@broker.task(retry_on_error=True)\nasync def work({p}):",
    ),
    JobFrame(
        "procrastinate",
        "from procrastinate import App, PsycopgConnector\n\napp = App(connector=PsycopgConnector())",
        "@app.task(retry=3)\ndef work({p}):",
    ),
    JobFrame("django_tasks", "from django.tasks import task", "@task(priority=1)\ndef work({p}):", retries=False),
    JobFrame("jobkit", "from jobkit import job, retry_on", "@retry_on(OSError)\n@job\ndef work({p}):"),
    JobFrame(
        "jobkit", "from jobkit import Job", "class Work(Job):\n    retry = 5\n\n    def perform(self, {p}):", depth=2
    ),
)


def own(frame: JobFrame, imports: str, body: str, parameters: str) -> dict[str, str]:
    """The body is the job's own."""
    return {"shop/tasks.py": _module(frame, imports, body, parameters)}


def wrapped(frame: JobFrame, imports: str, body: str, parameters: str) -> dict[str, str]:
    """The body is timed, and an error of it is logged and raised again."""
    inner = textwrap.indent(body, "    ")
    outer = f"try:\n{inner}\nexcept OSError as error:\n    print(error)\n    raise"
    return {"shop/tasks.py": _module(frame, imports, outer, parameters)}


def helped(frame: JobFrame, imports: str, body: str, parameters: str) -> dict[str, str]:
    """The body is a function of the same file, which the job calls."""
    helper = f"def carry_out({parameters}):\n{textwrap.indent(body, '    ')}"
    return {"shop/tasks.py": _module(frame, f"{imports}\n\n{helper}", f"carry_out({parameters})", parameters)}


def shared(frame: JobFrame, imports: str, body: str, parameters: str) -> dict[str, str]:
    """The body is a function of another file, which the job calls."""
    helper = f"{imports}\n\ndef carry_out({parameters}):\n{textwrap.indent(body, '    ')}\n"
    module = _module(frame, "from shop.services import carry_out", f"carry_out({parameters})", parameters)
    return {"shop/services.py": helper, "shop/tasks.py": module}


PLACEMENTS = (own, wrapped, helped, shared)


def _module(frame: JobFrame, imports: str, body: str, parameters: str) -> str:
    head = frame.head.replace("{p}", parameters)
    inner = textwrap.indent(body, "    " * frame.depth)
    names = ", ".join(part.partition(":")[0].partition("=")[0].strip() for part in parameters.split(","))
    tail = frame.tail.replace("{p}", names)
    return f"{frame.imports}\n{imports}\n\n{head}\n{inner}\n\n{tail}\n"


def jobs_with(
    body: str,
    mutate: Mutate,
    imports: str = "",
    parameters: str = "pk",
    frames: Iterable[JobFrame] = JOBS,
    placements: Iterable[Callable[..., dict[str, str]]] = PLACEMENTS,
) -> Iterator[Program]:
    """A program for each frame, the body placed in turn as each of `placements`."""
    body = textwrap.dedent(body).strip()
    turn = cycle(placements)
    for frame in frames:
        place = next(turn)
        mutants = tuple(place(frame, imports, mutant, parameters) for mutant in mutate(body))
        files = place(frame, imports, body, parameters)
        yield Program(f"{frame.framework}, {place.__name__}: {body.splitlines()[0]}", files, mutants)


TASK = "from shop.tasks import work"
COMMIT = "from functools import partial\nfrom django.db.transaction import on_commit"
ARQ = "from arq import ArqRedis\n\npool = ArqRedis()"


@dataclass(frozen=True)
class SendFrame:
    """How a framework enqueues: `call` with ``{x}`` for the argument. `is_async`: it is awaited."""

    framework: str
    job: JobFrame
    call: str
    imports: str = TASK
    is_async: bool = False


def _frame(framework: str, start: int = 0) -> JobFrame:
    return [frame for frame in JOBS if frame.framework == framework][start]


SENDS = (
    SendFrame("celery", _frame("celery"), "work.delay({x})"),
    SendFrame("celery", _frame("celery"), "work.apply_async(args=[{x}], countdown=5)"),
    SendFrame("celery", _frame("celery", 1), "work.apply_async(kwargs={{'value': {x}}})"),
    SendFrame("celery", _frame("celery"), "chain(work.s({x}), work.si(1))()", f"from celery import chain\n{TASK}"),
    SendFrame("celery", _frame("celery", 1), "on_commit(partial(work.delay, {x}))", f"{COMMIT}\n{TASK}"),
    SendFrame("dramatiq", _frame("dramatiq"), "work.send({x})"),
    SendFrame("dramatiq", _frame("dramatiq"), "work.send_with_options(kwargs={{'value': {x}}}, delay=1000)"),
    SendFrame("rq", _frame("rq"), "queue.enqueue(work, {x}, job_timeout=60)", "from shop.tasks import queue, work"),
    SendFrame("rq", _frame("rq"), "django_rq.get_queue('low').enqueue(work, value={x})", f"import django_rq\n{TASK}"),
    SendFrame("rq", _frame("rq", 1), "work.delay({x})"),
    SendFrame("huey", _frame("huey"), "work({x})"),
    SendFrame("huey", _frame("huey"), "work.schedule(args=({x},), delay=5)"),
    SendFrame("arq", _frame("arq"), "await pool.enqueue_job('work', {x}, _defer_by=5)", ARQ, True),
    SendFrame("taskiq", _frame("taskiq"), "await work.kiq({x})", is_async=True),
    SendFrame("taskiq", _frame("taskiq"), "await work.kicker().with_labels(delay=5).kiq(value={x})", is_async=True),
    SendFrame("procrastinate", _frame("procrastinate"), "work.defer(value={x})"),
    SendFrame("procrastinate", _frame("procrastinate"), "work.configure(queue='low').defer(value={x})"),
    SendFrame("django_tasks", _frame("django_tasks"), "work.enqueue({x})"),
    SendFrame("django_tasks", _frame("django_tasks"), "work.using(priority=1).enqueue(value={x})"),
    SendFrame("jobkit", _frame("jobkit"), "work.perform_later({x})"),
    SendFrame("jobkit", _frame("jobkit"), "work.set(wait=5).perform_later(value={x})"),
)  # fmt: skip

CONTEXTS = (
    "{d} view(request, given):\n    {lines}",
    "class View:\n    {d} post(self, request, given):\n        {lines}",
    "{d} view(request, given):\n    for number in range(3):\n        {lines}",
    "{d} view(request, given):\n    if given:\n        {lines}\n    else:\n        print('nothing to do')",
)


def sends_of(
    argument: str,
    mutate: Mutate,
    setup: str = "",
    imports: str = "",
    frames: Iterable[SendFrame] = SENDS,
    contexts: Iterable[str] = CONTEXTS,
    more_files: dict[str, str] | None = None,
) -> Iterator[Program]:
    """A program for each way to enqueue, in turn in each of `contexts`; `setup` are lines before the call."""
    turn = cycle(contexts)
    for frame in frames:
        context = next(turn)
        tasks = own(frame.job, "", "print(value)", "value")

        def files(
            value: str, frame: SendFrame = frame, context: str = context, tasks: dict[str, str] = tasks
        ) -> dict[str, str]:
            lines = [*textwrap.dedent(setup).strip().splitlines(), frame.call.format(x=value)]
            margin = next(line for line in context.splitlines() if "{lines}" in line).index("{lines}")
            text = context.replace("{d}", "async def" if frame.is_async else "def")
            text = text.replace("{lines}", ("\n" + " " * margin).join(line for line in lines if line))
            return {**tasks, **(more_files or {}), "shop/views.py": f"{imports}\n{frame.imports}\n\n{text}\n"}

        mutants = tuple(files(mutant) for mutant in mutate(argument))
        yield Program(f"{frame.call.format(x=argument)}", files(argument), mutants)
