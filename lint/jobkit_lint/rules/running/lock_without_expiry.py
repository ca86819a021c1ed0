"""JK507: a lock that a killed worker would hold for ever."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.facts.patterns import PathTable
from jobkit_lint.flow.effects import Reached
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import With

_CLIENTS = (
    "redis.Redis()", "redis.StrictRedis()", "redis.from_url()", "redis.Redis.from_url()", "redis.asyncio.Redis()",
    "redis.asyncio.from_url()", "redis.StrictRedis.from_url()", "django_redis.get_redis_connection()",
    "django_rq.get_connection()", "valkey.Valkey()", "redis.sentinel.Sentinel().master_for()",
)  # fmt: skip
# a call that takes a lock, and how it takes the time after which the lock is free
LOCKS: PathTable[str] = PathTable(
    {
        **{f"{client}.lock": "timeout" for client in _CLIENTS},
        **{f"{client}.setnx": "expire" for client in _CLIENTS},
        **{f"{client}.set": "nx" for client in _CLIENTS},
        "redis.lock.Lock": "timeout",
        "django.core.cache.cache.lock": "timeout",
        "django.core.cache.cache.add": "add",
    }
)
TAKING = frozenset({"acquire", "do_acquire", "__enter__", "__aenter__", "enter_context"})
EXPIRIES = ("ex", "px", "exat", "pxat", "keepttl")


class LockWithoutExpiry(Rule):
    """
    ## What it does
    Finds locks that a job takes in Redis or in Django's cache without a time after which they are free: `lock(name)`
    without `timeout`, `set(..., nx=True)` without `ex`, `setnx` without `expire`, `cache.add(key, value, None)`.

    ## Why is this bad
    A worker that is killed while it holds the lock never gives it back: neither `with` nor `finally` run then. Every
    later run waits for the lock, or ends because of it, until somebody deletes the key by hand.

    ## What to do instead
    Give a timeout that is longer than the job's time limit: `lock(name, timeout=300)`, `set(key, 1, nx=True, ex=300)`.

    ## When to ignore
    When the key is a mark that is meant to stay.
    """

    code = "JK507"
    name = "lock-without-expiry"
    summary = "A lock is held for ever if its worker is killed."
    severity = Severity.ERROR
    since = "0.1"

    examples = (
        Bad(
            "a lock of Redis",
            """
            import redis
            from celery import shared_task

            client = redis.Redis()

            @shared_task
            def sync(pk):
                with client.lock(f"sync:{pk}"):
                     ^^^^^^^^^^^^^^^^^^^^^^^^^ `timeout`
                    print(pk)
            """,
        ),
        Bad(
            "keys that are used as locks",
            """
            import dramatiq
            from django.core.cache import cache
            from redis import Redis

            client = Redis.from_url("redis://")

            @dramatiq.actor
            def sync(pk):
                if not cache.add("sync", pk, None):
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^
                    return
                if client.set("sync", pk, nx=True):
                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
                    try:
                        print(pk)
                    finally:
                        client.delete("sync")
                        cache.delete("sync")
            """,
        ),
        Good(
            "with a time after which it is free",
            """
            import redis
            from celery import shared_task
            from django.core.cache import cache

            client = redis.Redis()

            @shared_task
            def sync(pk):
                with client.lock(f"sync:{pk}", timeout=300):
                    print(pk)
                if client.set("sync", pk, nx=True, ex=300) and cache.add("sync", pk):
                    print(pk)
                client.setnx("sync", pk)
                client.expire("sync", 300)
            """,
        ),
        Good(
            "a mark that stays, a value that is set, a lock that is given back",
            """
            import redis
            from celery import shared_task

            client = redis.Redis()

            @shared_task
            def give_back(token):
                client.lock("sync").do_release(token)

            @shared_task
            def sync(pk):
                client.set("sync", pk)
                if client.set(f"done:{pk}", 1, nx=True):
                    print(pk)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        for reached in analysis.calls(job):
            missing = _missing(reached, analysis)
            if missing is not None:
                yield self.report_effect(
                    job,
                    reached,
                    f"if the worker is killed here, this lock is never given back, and every later run of "
                    f"`{job.name.rpartition('.')[2]}` is kept out: give {missing}",
                    analysis,
                    what="lock",
                    recipe=Recipe(("kill",), "inside", reached.step.call.at.line, "the lock is given back"),
                )


def _missing(reached: Reached, analysis: Analysis) -> str | None:
    """What a lock lacks, in words; None if the call takes none, or one that ends by itself."""
    step, scope = reached.step, reached.scope
    call = step.call
    path = next(iter(analysis.paths(call.function, scope, step.place)), "")
    kind = LOCKS.get(path)
    if kind is None or call.is_open:
        return None
    names = {getattr(other.call.function, "name", "") for other in scope.steps}
    if kind == "timeout":
        position = 2 if path.endswith("Lock") else 1
        given = call.argument(position, "timeout")
        is_endless = given is None or e.is_constant(given, None)
        # a lock that is made to be given back is taken elsewhere
        return "`timeout`" if is_endless and (names & TAKING or isinstance(step.place.statement, With)) else None
    if names & {"expire", "pexpire", "expireat"} or "delete" not in names:
        # without a delete it is no lock but a mark
        return None
    if kind == "expire":
        return "an expiry (`set(..., nx=True, ex=300)`)"
    if kind == "nx":
        has_expiry = any(call.keyword(name) is not None for name in EXPIRIES) or len(call.arguments) > 2
        return "`ex`" if e.is_constant(call.keyword("nx"), True) and not has_expiry else None
    return "a timeout" if e.is_constant(call.argument(2, "timeout"), None) else None
