"""jobkit itself."""

from __future__ import annotations

from jobkit_lint.frameworks.model import Base, Decorator, Framework, Method, Packing, Retries

FRAMEWORK = Framework(
    name="jobkit",
    title="jobkit",
    packages=("jobkit",),
    serializer="references",
    restores=frozenset({"datetime", "date", "time", "timedelta", "decimal", "uuid", "bytes", "enum", "tuple"}),
    aliases={"jobkit.job.job": "jobkit.job", "jobkit.job.Job": "jobkit.Job"},
    decorators=(Decorator("jobkit.job"),),
    bases=(Base("jobkit.Job", body="perform"),),
    methods=(
        Method("perform_later", strong=True),
        Method("enqueue", Packing(direct=False)),
        Method("build", is_message=True),
    ),
    builders=("set",),
    instance_path="jobkit.Job",
    default_name="{function}",
    retries=Retries(
        automatic=("retry", "retries", "max_retries"),
        limit=("retry", "retries", "attempts", "max_retries"),
        calls=("retry_job",),
        decorators=("jobkit.retry_on",),
    ),
    at_most_once=(),
    rerun="every job runs at least once: a retry or a redelivery runs it again",
)
