"""Arguments of jobs on their way through a queue: encoding, references to records, own types, the audit.

Stored as they are: None, bool, int, float, str, list, dict with str keys. Stored under a tag, and back with the same
type and an equal value: tuple, set, frozenset, bytes, range, Decimal, date, datetime, time, timedelta, UUID, Path,
members of enums, dataclass instances, named tuples, classes. Stored as a reference and fetched again: Django model
instances, SQLAlchemy instances, types of `register_reference`. A subclass of str becomes a plain str, as in ActiveJob.
Types of your own: `register_serializer`. Anything else is refused at enqueue.
"""

from __future__ import annotations

from jobkit.serializers.audit import audit_arguments
from jobkit.serializers.change import REFUSED, Change, ChangeKind
from jobkit.serializers.json_types import JSON
from jobkit.serializers.orm_sqlalchemy import configure_sqlalchemy
from jobkit.serializers.references import register_reference
from jobkit.serializers.registered import register_serializer
from jobkit.serializers.round_trip import audit_round_trip
from jobkit.serializers.wire import decode_arguments, encode_arguments

__all__ = [
    "JSON",
    "REFUSED",
    "Change",
    "ChangeKind",
    "audit_arguments",
    "audit_round_trip",
    "configure_sqlalchemy",
    "decode_arguments",
    "encode_arguments",
    "register_reference",
    "register_serializer",
]
