"""Taskiq. Semantics: taskiq-python.github.io."""

from __future__ import annotations

from jobkit_lint.frameworks.model import Decorator, Framework, Method, Packing, Retries

_BROKERS = (
    "taskiq.InMemoryBroker", "taskiq.ZeroMQBroker", "taskiq.AsyncBroker", "taskiq.abc.broker.AsyncBroker",
    "taskiq_redis.ListQueueBroker", "taskiq_redis.PubSubBroker", "taskiq_redis.RedisStreamBroker",
    "taskiq_aio_pika.AioPikaBroker", "taskiq_nats.NatsBroker", "taskiq_nats.JetStreamBroker",
    "taskiq_nats.PullBasedJetStreamBroker", "taskiq_nats.PushBasedJetStreamBroker", "taskiq_sqs.SQSBroker",
    "taskiq_kafka.KafkaBroker", "taskiq_aio_kafka.AioKafkaBroker", "taskiq_faststream.BrokerWrapper",
    "taskiq_faststream.AppWrapper", "taskiq_pg.AsyncpgBroker", "taskiq_postgres.PostgresBroker",
)  # fmt: skip

# the schedule source and the schedule stand in front
SCHEDULED = Packing(skip=2)

FRAMEWORK = Framework(
    name="taskiq",
    title="Taskiq",
    packages=("taskiq", "taskiq_redis", "taskiq_aio_pika", "taskiq_nats", "taskiq_faststream", "taskiq_sqs"),
    serializer="json",
    aliases={
        **dict.fromkeys(_BROKERS, "taskiq.Broker"),
        "taskiq.async_shared_broker": "taskiq.Broker()",
        "taskiq.brokers.shared_broker.async_shared_broker": "taskiq.Broker()",
        "taskiq.Broker().with_result_backend()": "taskiq.Broker()",
        "taskiq.Broker().with_middlewares()": "taskiq.Broker()",
        "taskiq.Broker().with_serializer()": "taskiq.Broker()",
        "taskiq.Broker().with_id_generator()": "taskiq.Broker()",
    },
    decorators=(Decorator("taskiq.Broker().task"),),
    methods=(
        Method("kiq", is_coroutine=True, strong=True),
        Method("schedule_by_time", SCHEDULED, is_coroutine=True, strong=True),
        Method("schedule_by_cron", SCHEDULED, is_coroutine=True, strong=True),
        Method("schedule_by_interval", SCHEDULED, is_coroutine=True, strong=True),
    ),
    builders=("kicker", "with_labels", "with_broker", "with_task_id", "with_schedule_id"),
    name_options=("task_name",),
    default_name="{module}:{function}",
    restores=frozenset({"datetime", "date", "time", "timedelta", "decimal", "uuid", "enum"}),
    retries=Retries(automatic=("retry_on_error",), limit=("max_retries",)),
    rerun="a retry, or a redelivery after a lost worker, runs it again",
)
