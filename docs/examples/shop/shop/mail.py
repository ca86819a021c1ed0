"""Mail that leaves the shop."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mail:
    """One message."""

    to: str
    subject: str
    body: str


@dataclass
class Outbox:
    """What was sent; a real one would speak SMTP."""

    sent: list[Mail] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)


def send_mail(to: str, subject: str, body: str) -> None:
    """Send a message through the open shop's outbox."""
    from shop.services import current_shop

    outbox = current_shop().outbox
    if outbox.failing:
        raise outbox.failing.pop(0)
    outbox.sent.append(Mail(to, subject, body))
