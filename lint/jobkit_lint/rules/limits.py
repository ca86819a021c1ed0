"""Options by which a job is ended after some time."""

from __future__ import annotations

from jobkit_lint.index.jobs import Job
from jobkit_lint.tree import expressions as e

# settings of a whole app
APP_LIMITS = ("TASK_TIME_LIMIT", "TASK_SOFT_TIME_LIMIT")
# the same as words of a file
LIMIT_SIGNS = tuple(name for limit in APP_LIMITS for name in (f"CELERY_{limit}", f"CELERYD_{limit}", limit.lower()))
HARD = ("time_limit", "timeout", "job_timeout")
SOFT = ("soft_time_limit",)
# RQ ends a job after 180 s, Dramatiq after 600 s, arq after 300 s, unless told otherwise
LIMITED_BY_DEFAULT = frozenset({"rq", "dramatiq", "arq"})


def has_limit(job: Job) -> bool:
    """Whether the job is ended after some time, by an option of its own or by its framework's default."""
    given = job.option(*HARD, *SOFT)
    if given is not None:
        return not e.is_constant(given, None)
    return job.framework.name in LIMITED_BY_DEFAULT or job.is_open
