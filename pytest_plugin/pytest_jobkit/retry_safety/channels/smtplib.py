"""smtplib: every mail that is handed to a mail server."""

from __future__ import annotations

import email
import smtplib
from typing import Any

from pytest_jobkit.retry_safety.channels.base import Channel, Patches
from pytest_jobkit.retry_safety.channels.reading.mail import content_of, mail_detail, mail_key
from pytest_jobkit.retry_safety.effects.record import Operation
from pytest_jobkit.retry_safety.effects.runtime import reporting


class SmtplibChannel(Channel):
    """Hooks ``SMTP.sendmail``, which `send_message` and Django's smtp backend call as well."""

    library = "smtplib"

    def install(self, patches: Patches) -> None:
        real: Any = smtplib.SMTP.sendmail
        operation = Operation("mail", "send mail", resource="mail", refuse=smtplib.SMTPServerDisconnected)

        def reported(server: smtplib.SMTP, from_addr: str, to_addrs: Any, msg: Any, *more: Any, **options: Any) -> Any:
            runtime = reporting()
            if runtime is None:
                return real(server, from_addr, to_addrs, msg, *more, **options)
            message = email.message_from_string(msg) if isinstance(msg, str) else email.message_from_bytes(msg)
            recipients = [to_addrs] if isinstance(to_addrs, str) else list(to_addrs)
            content = content_of(message)
            key = mail_key(message.items())
            return runtime.perform(
                operation, lambda: real(server, from_addr, to_addrs, msg, *more, **options),
                detail=mail_detail(recipients, str(message.get("Subject", "")), content),
                key=key, body=None if key is None else content,
            )  # fmt: skip

        patches.replace(smtplib.SMTP, "sendmail", reported)
