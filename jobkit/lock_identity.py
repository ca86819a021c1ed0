"""The name of a lock: which jobs count as the same one (spec: F.1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from jobkit.errors import ConfigError
from jobkit.serializers import encode_arguments


def lock_key(
    job: Any,
    chosen: Callable[..., Any] | None,
    across_queues: bool = False,
    across_jobs: bool = False,
    purpose: str = "unique",
) -> str:
    """The key under which `job` and its equals compete.

    Args:
        chosen: called with the job's arguments, returns the part of them that matters; None takes all of them.
        across_queues: whether the same job on another queue is the same.
        across_jobs: whether another job class with the same arguments is the same.

    Raises:
        ConfigError: `chosen` cannot be called with the job's arguments.
    """
    parts: dict[str, Any] = {}
    if chosen is None:
        parts["arguments"] = job._encoded or encode_arguments(job.arguments, job.kwarguments)
    else:
        try:
            value = chosen(*job.arguments, **job.kwarguments)
        except TypeError as error:
            raise ConfigError(
                f"{job.definition.shown}: the key function of its lock cannot be called with its arguments: {error}"
            ) from error
        parts["arguments"] = encode_arguments([value], {})[0]
    if not across_queues:
        parts["queue"] = job.queue_name
    if not across_jobs:
        parts["class"] = job.definition.name
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
    return f"{purpose}:{digest}"
