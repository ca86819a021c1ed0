"""Mail: smtplib to a real server."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from pytest_jobkit.retry_safety import Report, RetrySafety, at_least_once, world


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
