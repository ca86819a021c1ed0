"""Django's mail over smtp and in the tests' outbox."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.smtp import EmailBackend

from pytest_jobkit.retry_safety import Report, RetrySafety, World, at_least_once, world


def effects(report: Report) -> list[str]:
    return [effect.what.partition(" #")[0] for effect in report.base.deliveries[0].effects]


def django_letter(connection: Any) -> mail.EmailMultiAlternatives:
    message = mail.EmailMultiAlternatives(
        "Receipt", "Paid.", "shop@example.com", ["ada@example.com"], connection=connection
    )
    message.attach_alternative("<p>Paid.</p>", "text/html")
    return message


def test_a_mail_of_django_over_smtp_is_one_effect(postbox, post, retry_safety: RetrySafety):
    def job():
        django_letter(EmailBackend(host="127.0.0.1", port=postbox.port)).send()

    report = retry_safety(job, world=post)

    assert effects(report) == ["send mail to ada@example.com: Receipt"]
    assert report.channel("mail").duplicates == 1


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(mail, "outbox", [], raising=False)

    @world
    def outbox() -> Iterator[None]:
        mail.outbox.clear()
        yield None

    return outbox


def locmem() -> Any:
    return mail.get_connection("django.core.mail.backends.locmem.EmailBackend")


def test_a_mail_to_djangos_outbox_is_an_effect_and_the_outbox_is_put_back(outbox, retry_safety: RetrySafety):
    most: list[int] = []

    def job():
        django_letter(locmem()).send()
        most.append(len(mail.outbox))

    report = retry_safety(job, world=outbox, channels={"mail": at_least_once})

    assert report.safe
    assert report.closed
    assert max(most) <= 3, "mails of other schedules would have heaped up"


def test_each_mail_of_a_mass_mail_is_an_effect(outbox, retry_safety: RetrySafety):
    def job():
        mail.send_mass_mail(
            [("Receipt", "Paid.", "shop@example.com", [f"{name}@example.com"]) for name in ("ada", "bob")],
            connection=locmem(),
        )

    report = retry_safety(job, world=outbox, kinds="kill")

    assert effects(report) == [f"send mail to {name}@example.com: Receipt" for name in ("ada", "bob")]
    assert report.schedule == "rs1:1.kill1", "killed between the two mails, the first is sent again"


def test_the_channel_for_django_is_off_without_it():
    from pytest_jobkit.retry_safety.channels.django_mail import DjangoMailChannel

    known = sys.modules.pop("django.core.mail")
    try:
        assert not DjangoMailChannel.wanted()
    finally:
        sys.modules["django.core.mail"] = known
    assert DjangoMailChannel.wanted()
