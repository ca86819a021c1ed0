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

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_decoder: Any = json.JSONDecoder()
# JSONEncoder makes this C encoder anew at every call, which costs more than encoding a few arguments.
_make_c_encoder = getattr(json.encoder, "c_make_encoder", None)
_encode_c: Any = _make_c_encoder and _make_c_encoder(
    {}, _encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, False
)


def _dumps(value: Any) -> str:
    return _encoder.encode(value) if _encode_c is None else "".join(_encode_c(value, 0))


def _loads(text: str) -> Any:
    value, end = _decoder.scan_once(text, 0)
    return value if end == len(text) else _decoder.decode(text)


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
    priority, counters, due, provider = job.priority, job._exception_executions, job._due, job.provider_job_id
    return (
        f'{{"job_class":{definition.json_name},"job_id":"{job.job_id}",'
        f'"provider_job_id":{_dumps(provider) if provider else "null"},'
        f'"queue_name":{_quote(job.queue_name)},"priority":{"null" if priority is None else priority},'
        f'"arguments":{_dumps(arguments)},"kwarguments":{_dumps(kwarguments) if kwarguments else "{}"},'
        f'"executions":{job.executions or 0},'
        f'"exception_executions":{_dumps(counters) if counters else "{}"},'
        f'"enqueued_at":"{timestamp(now)}","scheduled_at":{"null" if due is None else _quote(timestamp(due))}'
        f"{_extras(job._extras)}}}"
    )


def _extras(extras: dict[str, Any] | None) -> str:
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
    except (ValueError, LookupError, TypeError, StopIteration) as error:
        raise DeserializationError(f"not a job's message: {error}; it begins {body[:60]!r}") from error
    job_class = find_job_class(name)
    job: Job = job_class.__new__(job_class)
    get = payload.get
    job.job_id = get("job_id")
    job._encoded = (get("arguments") or [], get("kwarguments") or {})
    job._queue_name = get("queue_name")
    job.priority = get("priority")
    job.executions = get("executions") or 0
    job._enqueued_at = get("enqueued_at")
    if counters := get("exception_executions"):
        job._exception_executions = counters
    if due := get("scheduled_at"):
        job._due = datetime.fromisoformat(due[:26] + "+00:00").timestamp()
    if provider := get("provider_job_id"):
        job.provider_job_id = provider
    if extras := get("extras"):
        job._extras = extras
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
        job.arguments, job.kwarguments = decode_arguments(*encoded)
        job._encoded = None


@lru_cache(maxsize=4096)
def timestamp(instant: float) -> str:
    """ISO 8601 in UTC with nine fractional digits, as ActiveJob writes times."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
