"""A mail as an event: whom it goes to, about what, with which content; not when it was written, nor its Message-ID."""

from __future__ import annotations

from collections.abc import Iterable
from email.message import Message
from hashlib import blake2b

from pytest_jobkit.retry_safety.effects.record import brief


def mail_detail(recipients: Iterable[str], subject: str, body: str) -> str:
    """The mail in one line; the digest keeps mails with different content apart."""
    digest = blake2b(body.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return f"to {', '.join(sorted(recipients))}: {brief(subject)} #{digest}"


def mail_key(headers: Iterable[tuple[str, str]]) -> str | None:
    """The idempotency key that some providers take from a header such as ``Resend-Idempotency-Key``."""
    return next((str(value) for name, value in headers if name.lower().endswith("idempotency-key")), None)


def content_of(message: Message) -> str:
    """What the receiver reads; boundaries between parts are random and left out."""
    parts = [part.get_payload() for part in message.walk() if not part.is_multipart()]
    return "\n".join(map(str, parts))
