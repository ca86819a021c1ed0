"""Mutants of jobs that may run twice: without the key, the guard, the claim, the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from recall_frames import JOBS, Program, jobs_with
from recall_mutation import (
    called,
    keyword_set,
    replaced,
    without_context,
    without_handlers,
    without_keyword,
    without_tests,
)

STRIPE = "import stripe"
MODELS = "from shop.models import Claim, Order, Receipt, Wallet\nfrom django.db import IntegrityError, transaction"
MAIL = "from django.core.mail import EmailMessage, send_mail\nfrom shop.models import User"
REDIS = "from redis import Redis\n\nredis = Redis()"
RETRIED = [frame for frame in JOBS if frame.retries]
KEYS = ("str(uuid.uuid4())", "f'{time.time()}'", "secrets.token_hex(8)", "f'{pk}-{uuid.uuid4().hex}'")


def _payments() -> Iterator[Program]:
    yield from jobs_with(
        "stripe.Charge.create(amount=100, currency='eur', idempotency_key=f'order-{pk}')",
        without_keyword("idempotency_key"),
        STRIPE,
    )
    yield from jobs_with(
        "client = stripe.StripeClient('sk')\n"
        "client.refunds.create({'charge': pk}, options={'idempotency_key': f'refund-{pk}'})",
        without_keyword("options"),
        STRIPE,
    )
    yield from jobs_with(
        "if not Order.objects.filter(pk=pk, status='new').update(status='paying'):\n    return\n"
        "stripe.PaymentIntent.create(amount=100, currency='eur')",
        without_tests,
        f"{STRIPE}\n{MODELS}",
    )


def _rows() -> Iterator[Program]:
    yield from jobs_with("Receipt.objects.get_or_create(order_id=pk)", called("get_or_create", "create"), MODELS)
    yield from jobs_with(
        "if Receipt.objects.filter(order_id=pk).exists():\n    return\nReceipt.objects.create(order_id=pk)",
        without_tests,
        MODELS,
    )
    yield from jobs_with(
        "rows = [Receipt(order_id=pk), Receipt(order_id=pk + 1)]\n"
        "Receipt.objects.bulk_create(rows, ignore_conflicts=True)",
        without_keyword("ignore_conflicts"),
        MODELS,
    )
    yield from jobs_with(
        "try:\n    Receipt.objects.create(order_id=pk)\nexcept IntegrityError:\n    return", without_handlers, MODELS
    )


def _additions() -> Iterator[Program]:
    imports = f"{MODELS}\nfrom django.db.models import F\n{REDIS}"
    yield from jobs_with(
        "if Claim.objects.filter(pk=pk, counted=False).update(counted=True):\n"
        "    Wallet.objects.filter(owner=pk).update(balance=F('balance') + 5)",
        without_tests,
        imports,
    )
    yield from jobs_with(
        "wallet = Wallet.objects.get(pk=pk)\nif wallet.is_credited:\n    return\nwallet.balance += 5\nwallet.save()",
        without_tests,
        imports,
    )
    yield from jobs_with(
        "_, created = Claim.objects.get_or_create(key=pk)\nif not created:\n    return\n"
        "redis.hincrby('balances', pk, 5)",
        without_tests,
        imports,
    )


def _messages() -> Iterator[Program]:
    yield from jobs_with(
        "if User.objects.filter(pk=pk, welcomed=False).update(welcomed=True):\n"
        "    send_mail('Welcome', 'Hello', None, ['x@example.org'])\n    User.objects.get(pk=pk).touch()",
        without_tests,
        MAIL,
    )
    yield from jobs_with(
        "user = User.objects.get(pk=pk)\nif user.welcomed:\n    return\n"
        "message = EmailMessage('Welcome', 'Hello', to=[user.email])\nmessage.send()\nuser.refresh()",
        without_tests,
        MAIL,
    )
    yield from jobs_with(
        "for user in User.objects.filter(reminded=False):\n    send_mail('Pay', 'Now', None, [user.email])",
        replaced("filter(reminded=False)", "all()", "filter(group=pk)"),
        MAIL,
    )


def _keys() -> Iterator[Program]:
    imports = f"{STRIPE}\nimport secrets\nimport time\nimport uuid"
    yield from jobs_with(
        "stripe.Charge.create(amount=100, currency='eur', idempotency_key=f'order-{pk}')",
        keyword_set("idempotency_key", *KEYS),
        imports,
    )
    yield from jobs_with(
        "key = f'order-{pk}'\nstripe.Refund.create(charge=pk, idempotency_key=key)",
        replaced("f'order-{pk}'", *KEYS),
        imports,
    )


def _requests() -> Iterator[Program]:
    for client in ("requests.post('https://carrier.test/ship', json={'id': pk}", "httpx.patch('https://c.test/x'"):
        yield from jobs_with(
            f"{client}, headers={{'Idempotency-Key': f'ship-{{pk}}'}}, timeout=5)",
            without_keyword("headers"),
            "import httpx\nimport requests",
            frames=RETRIED,
        )


def _appending() -> Iterator[Program]:
    yield from jobs_with("redis.sadd('welcomed', pk)", replaced("sadd", "rpush", "lpush"), REDIS)
    yield from jobs_with(
        "with open('export.csv', 'w') as file:\n    file.write(str(pk))", replaced("'w'", "'a'"), REDIS
    )


def _sequences() -> Iterator[Program]:
    yield from jobs_with(
        "stripe.Refund.create(charge=pk, idempotency_key=f'refund-{pk}')\n"
        "send_mail('Refund', 'On its way', None, ['x@example.org'])",
        without_keyword("idempotency_key"),
        f"{STRIPE}\n{MAIL}",
    )


def _races() -> Iterator[Program]:
    checked = "if not Receipt.objects.filter(order_id=pk).exists():\n    Receipt.objects.create(order_id=pk)"
    yield from jobs_with(
        f"with redis.lock(f'receipt-{{pk}}', timeout=9):\n    {checked.replace(chr(10), chr(10) + '    ')}",
        without_context,
        f"{MODELS}\n{REDIS}",
    )
    yield from jobs_with("Receipt.objects.get_or_create(order_id=pk)", lambda _: [checked], MODELS)
    yield from jobs_with(
        "receipt, _ = Receipt.objects.get_or_create(order_id=pk)\nprint(receipt)",
        lambda _: [
            "try:\n    receipt = Receipt.objects.get(order_id=pk)\nexcept Receipt.DoesNotExist:\n"
            "    receipt = Receipt.objects.create(order_id=pk)\nprint(receipt)",
            "receipt = Receipt.objects.filter(order_id=pk).first()\nif receipt is None:\n"
            "    receipt = Receipt.objects.create(order_id=pk)\nprint(receipt)",
        ],
        MODELS,
    )


def _late() -> Iterator[Program]:
    """Jobs of Celery that are acknowledged late instead of retried."""

    def late(files: dict[str, str]) -> dict[str, str]:
        return {
            path: text.replace("autoretry_for=(OSError,)", "acks_late=True").replace(
                "autoretry_for = (OSError,)", "acks_late = True"
            )
            for path, text in files.items()
        }

    for program in (*_payments(), *_rows()):
        if program.title.startswith("celery,"):
            yield replace(program, files=late(program.files), mutants=tuple(map(late, program.mutants)))


BODY = "(self, pk):\n        print(pk)"
DECLARED = (
    f"from jobkit import Job\n\nclass Work(Job):\n    idempotent = {{i}}\n    retry = {{r}}\n    def perform{BODY}",
    "from jobkit import Job\n\nclass Base(Job):\n    idempotent = {i}\n\n"
    f"class Work(Base):\n    retry = {{r}}\n    def perform{BODY}",
    "from celery import shared_task\n\n"
    "@shared_task(idempotent={i}, max_retries={r}, autoretry_for=(OSError,))\ndef work(pk):\n    print(pk)",
    "from celery import Celery\napp = Celery()\n\n"
    "@app.task(bind=True, idempotent={i}, autoretry_for=(OSError,), max_retries={r})\n"
    "def work(self, pk):\n    print(pk)",
    "from celery import Task\n\nclass Work(Task):\n    idempotent = {i}\n    max_retries = {r}\n"
    f"    autoretry_for = (OSError,)\n    def run{BODY}",
)


def _declarations(change: Callable[[str], list[str]], declared: str, retries: str) -> Iterator[Program]:
    for text in DECLARED:
        good = text.replace("{i}", declared).replace("{r}", retries) + "\n"
        yield Program(text, {"shop/tasks.py": good}, tuple({"shop/tasks.py": mutant} for mutant in change(good)))


def _undeclared(text: str) -> list[str]:
    without = text.replace("    idempotent = True\n", "").replace("idempotent=True, ", "")
    without = without.replace("class Base(Job):\n", "class Base(Job):\n    pass\n")
    named = without.replace("work(", "send_report(").replace("Work(", "SendReport(")
    return [without, named, without.replace("print(pk)", "return pk")]


def _retried(text: str) -> list[str]:
    switched_off = [old for old in ("retry = 0", "max_retries=0", "max_retries = 0") if old in text]
    return [text.replace(old, f"{old[:-1]}{number}") for old in switched_off for number in (3, 5, 12)]


PROGRAMS: dict[str, list[Program]] = {
    "JK201": list(_payments()),
    "JK202": list(_rows()),
    "JK203": list(_additions()),
    "JK204": list(_messages()),
    "JK205": list(_keys()),
    "JK206": list(_requests()),
    "JK207": list(_appending()),
    "JK208": list(_sequences()),
    "JK209": list(_races()),
    "JK210": list(_late()),
    "JK211": list(_declarations(_undeclared, "True", "3")),
    "JK212": list(_declarations(_retried, "False", "0")),
}
