"""A job as the JSON text that travels, and back (spec: A.2).

Arguments stay encoded when a message is read: decoding them may fail, and that has to happen inside the region that
retry_on and discard_on protect. Of a job that is enqueued again before that the encoded arguments are reused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
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
# what the decoder itself calls, after a search for white space at both ends that our own messages do not have
_scan_once = _decoder.scan_once
# JSONEncoder makes this C encoder anew at every call, which costs more than encoding a few arguments.
_make_c_encoder = getattr(json.encoder, "c_make_encoder", None)
_encode_c: Any = _make_c_encoder and _make_c_encoder(
    {}, _encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, False
)


def _dumps(value: Any) -> str:
    return _encoder.encode(value) if _encode_c is None else "".join(_encode_c(value, 0))


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
        encoded = encode_arguments(job._arguments, job._kwarguments or {}, strict=definition.strict)
    arguments, kwarguments = encoded
    body = (
        f'{{"job_class":{definition.json_name},"job_id":"{job.job_id}","queue_name":{_quote(job.queue_name)},'
        f'"arguments":{_dumps(arguments)},"enqueued_at":"{timestamp(now)}"'
    )
    # What is as in a new job is left out: reading a message costs more than all else, and grows with its length.
    if kwarguments:
        body += f',"kwarguments":{_dumps(kwarguments)}'
    if job.priority is not None:
        body += f',"priority":{job.priority}'
    if job.executions:
        body += f',"executions":{job.executions}'
    if job._exception_executions:
        body += f',"exception_executions":{_dumps(job._exception_executions)}'
    if job._due is not None:
        body += f',"scheduled_at":"{timestamp(job._due)}"'
    if job.provider_job_id is not None:
        body += f',"provider_job_id":{_dumps(job.provider_job_id)}'
    if job._extras:
        body += f',"extras":{_dumps(job._extras)}'
    return body + "}"


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
        text = body if isinstance(body, str) else body.decode()
        payload, end = _scan_once(text, 0)
        if end != len(text):
            payload = _decoder.decode(text)
        name, job_id, queue_name = payload["job_class"], payload["job_id"], payload["queue_name"]
        encoded = payload["arguments"]
    except (ValueError, LookupError, TypeError, StopIteration) as error:
        raise DeserializationError(f"not a job's message: {error}; it begins {body[:60]!r}") from error
    job_class = find_job_class(name)
    job: Job = job_class.__new__(job_class)
    job.job_id = job_id
    job._queue_name = queue_name
    job._enqueued_at = payload.get("enqueued_at")
    # The class may have a priority; of a message without one the sender's was None.
    job.priority = None
    if len(payload) > 5:
        _read_rest(job, payload.get)
        job._encoded = (encoded, payload.get("kwarguments") or {})
    else:
        job._encoded = (encoded, {})
    if job_class._custom_payload:
        job.deserialize(payload)
    return job


def _read_rest(job: Job, get: Callable[[str], Any]) -> None:
    job.priority = get("priority")
    if executions := get("executions"):
        job.executions = executions
    if counters := get("exception_executions"):
        job._exception_executions = counters
    if due := get("scheduled_at"):
        job._due = datetime.fromisoformat(due[:26] + "+00:00").timestamp()
    if provider := get("provider_job_id"):
        job.provider_job_id = provider
    if extras := get("extras"):
        job._extras = extras


def decode(job: Job) -> None:
    """Turn the encoded arguments of `job` into values.

    Raises:
        DeserializationError, RecordNotFound: as the argument's serializer says.
    """
    encoded = job._encoded
    if encoded is not None:
        arguments, kwarguments = decode_arguments(*encoded)
        job._arguments = tuple(arguments)
        job._kwarguments = kwarguments or None
        job._encoded = None


@lru_cache(maxsize=4096)
def timestamp(instant: float) -> str:
    """ISO 8601 in UTC with nine fractional digits, as ActiveJob writes times."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
