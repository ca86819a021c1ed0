"""Guards: well-behaved jobs are left alone, and are reported once their guard is taken out."""

from __future__ import annotations

import pytest

from jobkit_lint.rules.examples import Good
from jobkit_lint.rules.proof import outcome_of
from jobkit_lint.rules.registry import find_rule

HEAD = """\
import stripe
from celery import shared_task
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from redis import Redis
from shop.models import Claim, Order, Receipt, User

redis = Redis()

"""

# (rule, body of the job with the guarded lines marked `#-`, lines put in their place)
JOBS = {
    "key": ("JK201", "stripe.Charge.create(amount=1, idempotency_key=f'o-{pk}')#-", "stripe.Charge.create(amount=1)"),
    "key in options": (
        "JK201",
        "options = {'idempotency_key': f'o-{pk}'}#-\nstripe.PaymentIntent.create({'amount': 1}, options=options)",
        "options = {}",
    ),
    "key in a header": (
        "JK201",
        "headers = {}\nheaders['Idempotency-Key'] = str(pk)#-\nstripe.Refund.create(charge='c', headers=headers)",
        "",
    ),
    "conditional update": (
        "JK201",
        "n = Order.objects.filter(pk=pk, status='new').update(status='paying')#-\n"
        "if n == 0:#-\n    return#-\nstripe.Charge.create(amount=1)",
        "",
    ),
    "created flag": (
        "JK201",
        "_, created = Claim.objects.get_or_create(order_id=pk)#-\nif not created:#-\n    return#-\n"
        "stripe.Charge.create(amount=1)",
        "",
    ),
    "claim by a unique row": (
        "JK201",
        "try:#-\n    Claim.objects.create(key=pk)#-\nexcept IntegrityError:#-\n    return#-\n"
        "stripe.Charge.create(amount=1)",
        "",
    ),
    "status set before, and checked": (
        "JK201",
        "order = Order.objects.get(pk=pk)\nif order.status != 'new':#-\n    return#-\n"
        "order.status = 'paying'\norder.save()\nstripe.Charge.create(amount=1)",
        "",
    ),
    "cache.add": (
        "JK201",
        "if not cache.add(f'charge-{pk}', 1, 3600):#-\n    return#-\nstripe.Charge.create(amount=1)",
        "",
    ),
    "set nx": (
        "JK201",
        "if not redis.set(f'charge-{pk}', 1, nx=True):#-\n    return#-\nstripe.Charge.create(amount=1)",
        "",
    ),
    "exists": (
        "JK202",
        "if Receipt.objects.filter(order_id=pk).exists():#-\n    return#-\nReceipt.objects.create(order_id=pk)",
        "",
    ),
    "first is none": (
        "JK202",
        "found = Receipt.objects.filter(order_id=pk).first()\nif found is not None:#-\n    return#-\n"
        "Receipt.objects.create(order_id=pk)",
        "",
    ),
    "branch on exists": (
        "JK202",
        "if not Receipt.objects.filter(order_id=pk).exists():#-\n    Receipt.objects.create(order_id=pk)",
        "if True:",
    ),
    "does not exist": (
        "JK202",
        "try:#-\n    Receipt.objects.get(order_id=pk)#-\nexcept Receipt.DoesNotExist:#-\n"
        "    Receipt.objects.create(order_id=pk)",
        "if True:",
    ),
    "get or create": ("JK202", "Receipt.objects.get_or_create(order_id=pk)#-", "Receipt.objects.create(order_id=pk)"),
    "ignore conflicts": (
        "JK202",
        "Receipt.objects.bulk_create([Receipt(order_id=pk)], ignore_conflicts=True)#-",
        "Receipt.objects.bulk_create([Receipt(order_id=pk)])",
    ),
    "deleted first": (
        "JK202",
        "Receipt.objects.filter(order_id=pk).delete()#-\nReceipt.objects.bulk_create([Receipt(order_id=pk)])",
        "",
    ),
    "deleted first, and made in a nested function": (
        "JK202",
        "Receipt.objects.filter(order_id=pk).delete()#-\ndef make():\n"
        "    Receipt.objects.bulk_create([Receipt(order_id=pk)])\nmake()",
        "",
    ),
    "merged, and then deleted": (
        "JK202",
        "def merge(one, other):\n    Receipt.objects.create(order=one)\n    other.delete()#-\nmerge(pk, pk)",
        "",
    ),
    "a loop that found none": (
        "JK202",
        "for receipt in Receipt.objects.filter(order_id=pk):#-\n    if receipt:#-\n        break#-\n"
        "else:#-\n    Receipt.objects.create(order_id=pk)",
        "if True:",
    ),
    "deleted first, by SQL": (
        "JK202",
        "redis.execute('DELETE FROM receipts')#-\nReceipt.objects.create(order_id=pk)",
        "",
    ),
    "asserted": (
        "JK202",
        "assert not Receipt.objects.filter(order_id=pk).exists()#-\nReceipt.objects.create(order_id=pk)",
        "",
    ),
    "made in bulk of what is not stored yet": (
        "JK202",
        "known = set(Receipt.objects.values_list('order_id', flat=True))\n"
        "rows = [Receipt(order_id=one) for one in (pk, 2) if one not in known]#-\n"
        "Receipt.objects.bulk_create(rows)",
        "rows = [Receipt(order_id=one) for one in (pk, 2)]",
    ),
    "looked up by state": (
        "JK202",
        "order = get_object_or_404(Order, pk=pk, receipted=False)#-\nReceipt.objects.create(order=order)",
        "order = get_object_or_404(Order, pk=pk)",
    ),
    "caught unique violation": (
        "JK202",
        "try:#-\n    Receipt.objects.create(order_id=pk)\nexcept IntegrityError:#-\n    pass#-",
        "if True:",
    ),
    "rows of a state": (
        "JK204",
        "for user in User.objects.filter(reminded=False):#-\n    send_mail('a', 'b', None, [user.email])",
        "for user in User.objects.all():",
    ),
    "a mark after": (
        "JK204",
        "user = User.objects.get(pk=pk)\nsend_mail('a', 'b', None, [user.email])\nuser.welcomed_at = 1#-\nuser.save()",
        "",
    ),
    "a mark by update": (
        "JK204",
        "send_mail('a', 'b', None, ['x'])\nUser.objects.filter(pk=pk).update(welcome_sent=True)#-\nprint(pk).x()",
        "",
    ),
}


def job(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.split("\n") if line.strip())
    return f"{HEAD}@shared_task(acks_late=True)\ndef work(pk):\n{lines}\n"


def without_guard(body: str, instead: str) -> str:
    kept: list[str] = []
    for line in body.split("\n"):
        if not line.endswith("#-"):
            kept.append(line)
        elif instead and instead not in kept:
            kept.append(instead)
    # what stood under the guard comes out with it, where nothing took its place
    return "\n".join(kept)


def found(code: str, body: str) -> list[str]:
    rule = find_rule(code)
    assert rule is not None
    return [finding.code for finding in outcome_of(rule, Good("job", job(body))).findings]


@pytest.mark.parametrize("name", JOBS)
def test_a_guarded_job_is_left_alone(name):
    code, body, _ = JOBS[name]

    assert found(code, body.replace("#-", "")) == []


@pytest.mark.parametrize("name", JOBS)
def test_the_same_job_without_its_guard_is_reported(name):
    code, body, instead = JOBS[name]

    assert found(code, without_guard(body, instead)) == [code]


@pytest.mark.parametrize(
    "body",
    [
        "if not pk:\n    return\nReceipt.objects.create(order_id=pk)",
        "order = Order.objects.filter(pk=pk).first()\nif order is None:\n    return\n"
        "Receipt.objects.create(order=order)",
        "try:\n    order = Order.objects.get(pk=pk)\nexcept Order.DoesNotExist:\n    return\n"
        "Receipt.objects.create(order=order)",
        "if not Order.objects.filter(pk=pk).exists():\n    return\nReceipt.objects.create(order_id=pk)",
        "with transaction.atomic():\n    Receipt.objects.create(order_id=pk)",
        "if isinstance(pk, int) and len(str(pk)) > 2:\n    Receipt.objects.create(order_id=pk)",
    ],
    ids=["argument", "input row missing", "input row missing, raised", "input exists", "transaction", "pure test"],
)
def test_a_condition_with_the_same_outcome_in_each_run_is_no_guard(body):
    assert found("JK202", body) == ["JK202"]
