"""JK306: a job waits for a server or a process without a limit."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.waits import WAITS, Wait
from jobkit_lint.flow.effects import Reached
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Fixing, Report, Rule
from jobkit_lint.rules.configuration import is_configured
from jobkit_lint.rules.edits import with_keyword
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.rules.limits import APP_LIMITS, LIMIT_SIGNS, has_limit
from jobkit_lint.tree import expressions as e


class MissingTimeout(Rule):
    """
    ## What it does
    Finds calls of a job that wait for ever if nobody answers: `requests` and `urlopen` without `timeout=`, `smtplib`,
    `ftplib`, `socket.create_connection`, `subprocess`, and `timeout=None` given to httpx and aiohttp. Functions of
    the project that the job calls are looked into. A process is left alone where the job itself has a time limit.

    ## Why is this bad
    One server that accepts the connection and never answers holds the worker's slot. A few such jobs hold all of
    them, and every other job waits: the queue is down though no job has failed.

    ## What to do instead
    Give a timeout, as short as the job can bear, and let a retry do the rest. `requests` takes one for the connection
    and one for each read: `timeout=(3, 20)`.

    ## When to ignore
    When a session or an adapter of yours sets the limit where the linter does not see it.
    """

    code = "JK306"
    name = "missing-timeout"
    summary = "A job waits for a server or a process without a limit."
    severity = Severity.WARNING
    since = "0.1"
    signs = LIMIT_SIGNS

    examples = (
        Bad(
            "a request without a limit",
            """
            import requests
            from celery import shared_task

            @shared_task
            def fetch(url):
                return requests.get(url).status_code
                       ^^^^^^^^^^^^^^^^^ no timeout
            """,
            fixed="""
            import requests
            from celery import shared_task

            @shared_task
            def fetch(url):
                return requests.get(url, timeout=30).status_code
            """,
        ),
        Bad(
            "in a function that the job calls, by a session",
            """
            # file: shop/tasks.py
            import dramatiq
            from shop.feeds import load

            @dramatiq.actor
            def refresh(url):
                load(url)
            # file: shop/feeds.py
            import requests

            def load(url):
                session = requests.Session()
                answer = session.post(url, json={"all": True})
                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                return answer.json()
            """,
        ),
        Bad(
            "other servers, and processes",
            """
            import smtplib
            import subprocess
            from urllib.request import urlopen
            import django_rq
            from celery import shared_task

            def probe(url):
                urlopen(url)
                ^^^^^^^^^^^^
                with smtplib.SMTP("mail") as server:
                     ^^^^^^^^^^^^^^^^^^^^
                    server.noop()

            @shared_task
            def convert(path):
                subprocess.run(["convert", path], check=True)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            def start(url):
                django_rq.enqueue(probe, url)
            """,
        ),
        Bad(
            "a default limit, taken away",
            """
            import httpx
            from taskiq import InMemoryBroker

            broker = InMemoryBroker()

            @broker.task
            async def fetch(url: str):
                async with httpx.AsyncClient(timeout=None) as client:
                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ waits
                    await client.get(url)
            """,
        ),
        Good(
            "with a limit",
            """
            import httpx
            import requests
            import subprocess
            from urllib.request import urlopen
            from celery import shared_task

            @shared_task
            def fetch(url, **options):
                requests.get(url, timeout=(3, 20))
                requests.get(url, **options)
                urlopen(url, None, 10)
                httpx.get(url)
                subprocess.run(["convert", url], timeout=60)
            """,
        ),
        Good(
            "a process in a job that is ended after a while",
            """
            import subprocess
            from celery import shared_task

            @shared_task(time_limit=600)
            def convert(path):
                subprocess.check_call(["convert", path])
            """,
        ),
        Good(
            "a session of the project, which may set the limit",
            """
            import requests
            from celery import shared_task

            class Limited(requests.Session):
                def request(self, *args, **kwargs):
                    kwargs.setdefault("timeout", 10)
                    return super().request(*args, **kwargs)

            @shared_task
            def fetch(url):
                Limited().get(url)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        for reached in analysis.calls(job):
            wait = endless(reached, analysis)
            if wait is None or (wait.is_process and _is_ended(job, analysis)):
                continue
            call = reached.step.call
            shown = e.dotted(call.function) or getattr(call.function, "name", "call")
            given = call.keyword(wait.keyword)
            problem = f"`{wait.keyword}=None` waits" if given is not None else f"`{shown}` with no timeout waits"
            yield self.report_effect(
                job,
                reached,
                f"{problem} for ever if {wait.what} does not answer, and holds a worker; give a timeout",
                analysis,
                what=shown,
                fix=_fix(reached, wait, analysis) if given is None and not reached.hops else None,
            )


def endless(reached: Reached, analysis: Analysis) -> Wait | None:
    """What a call waits for without a limit, or None."""
    step, scope = reached.step, reached.scope
    origin = analysis.origin(step.call.function, scope, step.place)
    if origin is None or not isinstance(origin.root, str):
        return None
    wait = WAITS.get(origin.path)
    if wait is None or step.call.is_open or _is_limited_elsewhere(origin.path, reached):
        return None
    given = step.call.argument(wait.position, wait.keyword) if wait.position is not None else None
    given = given if given is not None else step.call.keyword(wait.keyword)
    if given is None:
        return None if wait.has_default else wait
    return wait if e.is_constant(given, None) else None


def _is_limited_elsewhere(path: str, reached: Reached) -> bool:
    """Whether the function gives a session an adapter, which may bring a timeout of its own."""
    if "Session" not in path and "session" not in path:
        return False
    return any(getattr(step.call.function, "name", "") == "mount" for step in reached.scope.steps)


def _is_ended(job: Job, analysis: Analysis) -> bool:
    return has_limit(job) or is_configured(analysis, *APP_LIMITS)


def _fix(reached: Reached, wait: Wait, analysis: Analysis) -> Fixing | None:
    seconds = 600 if wait.is_process else 30
    edit = with_keyword(reached.step.call, f"{wait.keyword}={seconds}", reached.scope.module, analysis)
    return Fixing(f"Give a timeout of {seconds} seconds", (edit,)) if edit is not None else None
