"""Where a job's name stands in its ``def`` or ``class`` line."""

from __future__ import annotations

from jobkit_lint.index.jobs import Job
from jobkit_lint.tree import expressions as e


def name_at(job: Job) -> e.At:
    """The range of the name of a job's function; of its class where it has one."""
    definition = job.class_ if job.class_ is not None else job.function
    if definition is None:
        return job.at
    code = definition.code
    word = "class " if job.class_ is not None else "async def " if getattr(code, "is_async", False) else "def "
    start = code.column + len(word)
    return e.At(code.line, start, code.line, start + len(code.name.encode()))
