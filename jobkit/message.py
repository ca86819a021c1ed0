"""A job as the JSON text that travels, and back (spec: A.2).

Arguments stay encoded when a message is read: decoding them may fail, and that has to happen inside the region that
retry_on and discard_on protect. Of a job that is enqueued again before that the encoded arguments are reused.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jobkit.errors import DeserializationError
from jobkit.registry import find_job_class
from jobkit.serializers import decode_arguments, encode_arguments

if TYPE_CHECKING:
    from jobkit.definition import Definition
    from jobkit.job import Job

_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_loads = json.JSONDecoder().decode
_quote = lru_cache(maxsize=4096)(_dumps)


def body_of(job: Job, definition: Definition, now: float) -> str:
    """The message of `job`, enqueued at `now` (epoch seconds).

    Raises:
        SerializationError: an argument cannot travel; names the path to it.
    """
    if definition.custom_payload:
        return _dumps(job.serialize())
    encoded = job._encoded
    if encoded is None:
        encoded = encode_arguments(job.arguments, job.kwarguments, strict=definition.strict)
    arguments, kwarguments = encoded
    state = job.__dict__
    priority = state["priority"]
    counters = state.get("_exception_executions")
    due = state.get("_due")
    provider = state.get("provider_job_id")
    return (
        f'{{"job_class":{definition.json_name},"job_id":"{job.job_id}",'
        f'"provider_job_id":{_dumps(provider) if provider else "null"},'
        f'"queue_name":{_quote(job.queue_name)},"priority":{"null" if priority is None else priority},'
        f'"arguments":{_dumps(arguments)},"kwarguments":{_dumps(kwarguments) if kwarguments else "{}"},'
        f'"executions":{job.executions or 0},'
        f'"exception_executions":{_dumps(counters) if counters else "{}"},'
        f'"enqueued_at":"{timestamp(now)}","scheduled_at":{"null" if due is None else _quote(timestamp(due))}'
        f"{_extras(state)}}}"
    )


def _extras(state: dict[str, Any]) -> str:
    extras = state.get("_extras")
    return f',"extras":{_dumps(extras)}' if extras else ""


def payload_of(job: Job, definition: Definition, now: float) -> dict[str, Any]:
    """The message of `job` as a mapping, of JSON values alone."""
    encoded = job._encoded or encode_arguments(job.arguments, job.kwarguments, strict=definition.strict)
    payload = {
        "job_class": definition.name,
        "job_id": job.job_id,
        "provider_job_id": job.provider_job_id,
        "queue_name": job.queue_name,
        "priority": job.priority,
        "arguments": encoded[0],
        "kwarguments": encoded[1],
        "executions": job.executions or 0,
        "exception_executions": job.exception_executions,
        "enqueued_at": timestamp(now),
        "scheduled_at": None if job._due is None else timestamp(job._due),
    }
    if job._extras:
        payload["extras"] = job._extras
    return payload


def job_of(body: str | bytes) -> Job:
    """A new job from a message, its arguments still encoded.

    Raises:
        DeserializationError: the text is no message of a job.
        UnknownJobError: this process does not know the class.
    """
    try:
        payload = _loads(body if isinstance(body, str) else body.decode())
        name = payload["job_class"]
    except (ValueError, LookupError, TypeError) as error:
        raise DeserializationError(f"not a job's message: {error}; it begins {body[:60]!r}") from error
    job_class = find_job_class(name)
    job: Job = job_class.__new__(job_class)
    state = job.__dict__
    get = payload.get
    state["job_id"] = get("job_id")
    state["_encoded"] = (get("arguments") or [], get("kwarguments") or {})
    state["_queue_name"] = get("queue_name")
    state["priority"] = get("priority")
    state["executions"] = get("executions") or 0
    if get("exception_executions"):
        state["_exception_executions"] = payload["exception_executions"]
    state["_enqueued_at"] = get("enqueued_at")
    if get("scheduled_at"):
        state["_due"] = datetime.fromisoformat(payload["scheduled_at"][:26] + "+00:00").timestamp()
    if get("provider_job_id"):
        state["provider_job_id"] = payload["provider_job_id"]
    if get("extras"):
        state["_extras"] = payload["extras"]
    if job.definition.custom_payload:
        job.deserialize(payload)
    return job


def decode(job: Job) -> None:
    """Turn the encoded arguments of `job` into values.

    Raises:
        DeserializationError, RecordNotFound: as the argument's serializer says.
    """
    encoded = job._encoded
    if encoded is not None:
        state = job.__dict__
        state["arguments"], state["kwarguments"] = decode_arguments(*encoded)
        state["_encoded"] = None


@lru_cache(maxsize=4096)
def timestamp(instant: float) -> str:
    """ISO 8601 in UTC with nine fractional digits, as ActiveJob writes times."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
