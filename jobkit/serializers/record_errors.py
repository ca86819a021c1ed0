"""The two things that go wrong with records: not there yet at enqueue, no longer there at execution."""

from __future__ import annotations

from jobkit.errors import RecordNotFound
from jobkit.serializers.unsupported import Unsupported


def gone(name: str, key: object) -> RecordNotFound:
    """The error for a record that was there when the job was enqueued and is no more."""
    return RecordNotFound(
        f"{name} with the key {key!r} is gone: it was there when the job was enqueued. "
        "Use discard_on(RecordNotFound) on the job if nothing is left to do without it, "
        "or retry_on(RecordNotFound) if the job may run before the record is committed."
    )


def unsaved(name: str, why: str = "which has no primary key") -> Unsupported:
    """The refusal of a record that no worker could find, as ActiveJob's hint for a record without id."""
    return Unsupported(
        f"an unsaved {name}, {why},", "Save it (and commit) before the job is enqueued, or pass its data"
    )
