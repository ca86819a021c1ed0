"""Mail: smtplib to a real server, and Django's mail over smtp and in the tests' outbox."""

from __future__ import annotations

import smtplib
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import django
import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.core import mail
from django.core.mail.backends.smtp import EmailBackend

from pytest_jobkit.retry_safety import Report, RetrySafety, World, at_least_once, world

if not settings.configured:
    settings.configure()
    django.setup()


class Postbox:
    """What the mail server has received."""

    port = 0

    def __init__(self) -> None:
        self.letters: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(", ".join(envelope.rcpt_tos))
        return "250 taken"


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    postbox = Postbox()
    controller = Controller(postbox, hostname="127.0.0.1", port=0)
    controller.port = _free_port()
    controller.start()
    postbox.port = controller.port
    yield postbox
    controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def post(postbox: Postbox) -> World:
    @world
    def post() -> Iterator[list[str]]:
        postbox.letters.clear()
        yield postbox.letters

    return post


def letter(body: str = "Paid.", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", "ada@example.com", "Receipt"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message


def effects(report: Report) -> list[str]:
    return [effect.what.partition(" #")[0] for effect in report.base.deliveries[0].effects]


def test_a_mail_is_sent_twice_if_the_acknowledgement_is_lost(postbox, post, retry_safety: RetrySafety):
    def job():
        with smtplib.SMTP("127.0.0.1", postbox.port) as server:
            server.send_message(letter())

    report = retry_safety(job, world=post)

    assert effects(report) == ["send mail to ada@example.com: Receipt"]
    assert report.schedule == "rs1:1.noack1"
    assert report.channel("mail").duplicates == 1


def test_a_policy_allows_the_second_mail(postbox, post, retry_safety: RetrySafety):
    def job():
        with smtplib.SMTP("127.0.0.1", postbox.port) as server:
            server.sendmail("shop@example.com", "ada@example.com", letter().as_bytes())

    @world
    def elsewhere() -> Iterator[None]:
        """The letters are counted by the ledger alone."""
        yield None

    report = retry_safety(job, world=elsewhere, channels={"mail": at_least_once})

    assert report.safe, report


def test_a_key_for_the_provider_is_an_idempotency_key(postbox, post, retry_safety: RetrySafety):
    def job():
        with smtplib.SMTP("127.0.0.1", postbox.port) as server:
            server.send_message(letter(Resend_Idempotency_Key="order-1"))

    report = retry_safety(job, world=post, kinds="kill")

    assert report.base.deliveries[0].effects[0].key == "order-1"


@pytest.mark.parametrize(("fault", "letters"), [("before", 0), ("after", 1)])
def test_the_injected_error_is_smtplibs_own(postbox, post, fault: str, letters: int, retry_safety: RetrySafety):
    seen: list[int] = []

    def job():
        with smtplib.SMTP("127.0.0.1", postbox.port) as server:
            try:
                server.send_message(letter())
            except smtplib.SMTPException:
                seen.append(len(postbox.letters))

    retry_safety(job, world=post, kinds=fault)

    assert seen[0] == letters


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
