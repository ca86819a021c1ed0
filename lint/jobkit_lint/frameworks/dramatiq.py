"""Dramatiq. Semantics: dramatiq.io, "Message Retries": failed messages are retried by default."""

from __future__ import annotations

from jobkit_lint.frameworks.model import Base, Decorator, Framework, Method, Packing, Retries

OPTIONS = Packing(direct=False, args_keyword="args", kwargs_keyword="kwargs")

FRAMEWORK = Framework(
    name="dramatiq",
    title="Dramatiq",
    packages=("dramatiq", "django_dramatiq"),
    serializer="json",
    aliases={
        "dramatiq.actor.actor": "dramatiq.actor",
        "dramatiq.broker.Broker().actor": "dramatiq.actor",
    },
    decorators=(Decorator("dramatiq.actor"),),
    bases=(Base("dramatiq.GenericActor", body="perform"),),
    methods=(
        Method("send"),
        Method("send_with_options", OPTIONS, strong=True),
        Method("message", is_message=True),
        Method("message_with_options", OPTIONS, is_message=True, strong=True),
    ),
    name_options=("actor_name",),
    default_name="{function}",
    retries=Retries(automatic=("max_retries", "retry_when"), limit=("max_retries",), default=True),
    at_most_once=(("max_retries", 0),),
    options=frozenset(
        {
            "actor_class", "actor_name", "queue_name", "priority", "broker", "max_retries", "min_backoff",
            "max_backoff", "retry_when", "throws", "time_limit", "max_age", "notify_shutdown", "store_results",
            "result_ttl", "pipe_ignore", "on_success", "on_failure", "on_retry_exhausted", "jitter",
        }
    ),
    rerun="Dramatiq retries a failed message, and redelivers that of a lost worker",
)  # fmt: skip
