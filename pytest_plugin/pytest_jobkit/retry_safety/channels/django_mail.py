"""Django's mail, whatever backend sends it; the outbox of the tests' backend is put back with the world."""

from __future__ import annotations

import importlib
import smtplib
import sys
from collections.abc import Callable, Hashable
from typing import Any

from pytest_jobkit.retry_safety.channels.base import Channel, Patches, Saver
from pytest_jobkit.retry_safety.channels.reading.mail import mail_detail, mail_key
from pytest_jobkit.retry_safety.effects.record import Operation
from pytest_jobkit.retry_safety.effects.runtime import Runtime, reporting


class DjangoMailChannel(Channel):
    """Hooks ``EmailMessage.send``, and ``send_messages`` of the tests' backend, for `send_mass_mail`."""

    library = "django.core.mail"

    def install(self, patches: Patches) -> None:
        # Django has no types.
        message_type: Any = importlib.import_module("django.core.mail").EmailMessage
        backend_type: Any = importlib.import_module("django.core.mail.backends.locmem").EmailBackend
        send: Any = message_type.send
        send_messages: Any = backend_type.send_messages
        operation = Operation("mail", "send mail", resource="mail", refuse=smtplib.SMTPServerDisconnected)

        def perform(runtime: Runtime, message: Any, act: Callable[[], int]) -> int:
            content = "\n".join([str(message.body), *[str(part) for part in getattr(message, "alternatives", ())]])
            key = mail_key(message.extra_headers.items())
            return runtime.perform(
                operation, act, detail=mail_detail(message.recipients(), str(message.subject), content),
                key=key, body=None if key is None else content,
            )  # fmt: skip

        def reported(message: Any, fail_silently: bool = False) -> int:
            runtime = reporting()
            if runtime is None or not message.recipients():
                return send(message, fail_silently)  # type: ignore[no-any-return]
            return perform(runtime, message, lambda: send(message, fail_silently))

        def reported_messages(backend: Any, messages: Any) -> int:
            runtime = reporting()
            if runtime is None:
                return send_messages(backend, messages)  # type: ignore[no-any-return]
            return sum(perform(runtime, one, lambda one=one: send_messages(backend, [one])) for one in messages)  # type: ignore[misc]

        patches.replace(message_type, "send", reported)
        patches.replace(backend_type, "send_messages", reported_messages)

    def stores(self) -> list[Saver]:
        return [_Outbox()]


class _Outbox:
    """``django.core.mail.outbox``. It makes no state another one: the ledger counts the mails, as policies allow."""

    def save(self) -> list[Any] | None:
        outbox = getattr(sys.modules["django.core.mail"], "outbox", None)
        return None if outbox is None else list(outbox)

    def restore(self, saved: list[Any] | None) -> None:
        outbox = getattr(sys.modules["django.core.mail"], "outbox", None)
        if outbox is not None:
            outbox[:] = saved or []

    def key(self) -> Hashable:
        return None
