"""Mutants of enqueue calls and signatures: what could travel and was bounded, no longer is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recall_frames import JOBS, SENDS, Program, SendFrame, own, sends_of
from recall_mutation import replaced, unwrapped

MODELS = {
    "shop/models.py": "from django.db import models\n\n"
    "class Order(models.Model):\n    total = models.IntegerField()\n    state = models.TextField()\n"
}
ORDERS = "from shop.models import Order"
# frameworks that keep rich values, or send a reference to a record
PLAIN_JSON = [frame for frame in SENDS if frame.framework in ("dramatiq", "procrastinate", "django_tasks")]
JSON = [*PLAIN_JSON, *(frame for frame in SENDS if frame.framework == "celery")]
NO_REFERENCES = [frame for frame in SENDS if frame.framework != "jobkit"]
JOBS_WITHOUT_REFERENCES = [frame for frame in JOBS if frame.framework != "jobkit"]


def _records() -> Iterator[Program]:
    setups = (
        "order = Order.objects.get(pk=given)",
        "order = Order.objects.filter(state='new').first()",
        "order, _ = Order.objects.get_or_create(pk=given)",
        "order = Order.objects.create(total=5)",
    )
    for setup in setups:
        yield from sends_of("order.pk", unwrapped("pk"), setup, ORDERS, NO_REFERENCES, more_files=MODELS)
    yield from sends_of("request.user.pk", unwrapped("pk"), frames=NO_REFERENCES)
    yield from sends_of(
        "[one.pk for one in Order.objects.filter(state=given)[:9]]",
        unwrapped("pk"),
        imports=ORDERS,
        frames=NO_REFERENCES,
        more_files=MODELS,
    )


def _parameters() -> Iterator[Program]:
    for frame in JOBS_WITHOUT_REFERENCES:
        for annotation in ("Order", "Order | None", "'Order'", "Optional[Order]"):
            imports = f"from typing import Optional\n{ORDERS}"
            good, bad = (own(frame, imports, "print(order)", f"order: {kind}") for kind in ("int", annotation))
            yield Program(f"{frame.framework}: {annotation}", {**MODELS, **good}, ({**MODELS, **bad},))


def _untransportable() -> Iterator[Program]:
    imports = "import socket\nimport threading\nfrom redis import Redis"
    values = (
        "open(given)",
        "lambda row: row.name",
        "(row for row in given)",
        "threading.Lock()",
        "socket.create_connection((given, 80))",
        "Redis()",
    )
    yield from sends_of("given", replaced("given", *values), imports=imports)
    opened = "with open(given) as file:\n    name = file.name"
    yield from sends_of("name", replaced("name", "file"), opened, imports)
    yield from sends_of("sorted({given, 1})", unwrapped("sorted()"), imports=imports, frames=JSON)


def _rich() -> Iterator[Program]:
    imports = (
        "import uuid\nfrom datetime import date, datetime, timedelta\nfrom decimal import Decimal\n"
        "from django.utils import timezone"
    )
    for value in ("date.today()", "datetime.now()", "timezone.now()", "datetime.fromtimestamp(given)"):
        yield from sends_of(f"{value}.isoformat()", unwrapped("isoformat()"), imports=imports, frames=PLAIN_JSON)
    for value in ("Decimal(given)", "uuid.uuid4()", "uuid.UUID(given)"):
        yield from sends_of(f"str({value})", unwrapped("str()"), imports=imports, frames=PLAIN_JSON)
    setup = "delay = timedelta(hours=3)\nwhen = datetime.now()"
    yield from sends_of("delay.total_seconds()", unwrapped("total_seconds()"), setup, imports, PLAIN_JSON)
    yield from sends_of("when.isoformat()", unwrapped("isoformat()"), setup, imports, PLAIN_JSON)
    yield from sends_of("{'1': given}", replaced("'1'", "1"), frames=JSON)


def _payloads() -> Iterator[Program]:
    yield from sends_of("request.data['title']", unwrapped("[]"))
    yield from sends_of("request.body[:200]", unwrapped("[]"))
    yield from sends_of("text[:200]", unwrapped("[]"), "with open(given) as file:\n    text = file.read()")
    yield from sends_of("[1, 2]", lambda _: ["[" + ", ".join(["1"] * 60) + "]"])


def _lists() -> Iterator[Program]:
    yield from sends_of(
        "list(Order.objects.values_list('pk', flat=True)[:500])",
        lambda text: [text.replace("[:500]", "")],
        imports=ORDERS,
        more_files=MODELS,
        contexts=CONTEXTS_ONCE,
    )
    setup = "ids = Order.objects.filter(total__gt=given).values_list('pk', flat=True)"
    yield from sends_of("list(ids[:99])", unwrapped("[]"), setup, ORDERS, contexts=CONTEXTS_ONCE, more_files=MODELS)
    yield from sends_of(
        "[order.pk for order in Order.objects.exclude(state='old')[:99]]",
        lambda text: [text.replace("[:99]", "")],
        imports=ORDERS,
        contexts=CONTEXTS_ONCE,
        more_files=MODELS,
    )


# not in a loop: a list that is sent again and again is a batch as often as not
CONTEXTS_ONCE = (
    "{d} view(request, given):\n    {lines}",
    "class View:\n    {d} post(self, request, given):\n        {lines}",
    "{d} view(request, given):\n    if given:\n        {lines}",
)


def _lazy() -> Iterator[Program]:
    for query in ("Order.objects.filter(state=given)[:5]", "Order.objects.values_list('pk', flat=True)[:5]"):
        yield from sends_of(
            f"[str(one) for one in {query}]", lambda _, query=query: [query], imports=ORDERS, more_files=MODELS
        )
    yield from sends_of("list(map(int, given))", unwrapped("list()"))
    yield from sends_of("list(zip(given, given))", unwrapped("list()"))
    yield from sends_of("list({'a': 1}.keys())", unwrapped("list()"))


SECRETS = (
    "password", "api_key", "access_token", "client_secret", "private_key", "card_number", "cvv", "new_password",
    "stripe_api_key", "refresh_token", "ssn", "user_password",
)  # fmt: skip


def _secrets() -> Iterator[Program]:
    for frame in JOBS:
        good = own(frame, "", "print(credential_id)", "credential_id")
        mutants = [own(frame, "", f"print({name})", name) for name in SECRETS]
        yield Program(f"{frame.framework}: parameter", good, tuple(mutants))
    yield from sends_of("given.credential_id", replaced("credential_id", *SECRETS))


def _defaults() -> Iterator[Program]:
    imports = "import time\nimport uuid\nfrom datetime import date, datetime\nfrom django.utils import timezone"
    values = ("timezone.now()", "datetime.now()", "date.today()", "time.time()", "uuid.uuid4()", "str(uuid.uuid4())")
    for frame in JOBS:
        good = own(frame, imports, "print(pk, when)", "pk, when=None")
        mutants = [own(frame, imports, "print(pk, when)", f"pk, when={value}") for value in values]
        for change in ("when.append(pk)", "when[pk] = 1", "when.update({pk: 1})"):
            empty = "[]" if "append" in change else "{}"
            mutants.append(own(frame, imports, change, f"pk, when={empty}"))
        yield Program(f"{frame.framework}: default", good, tuple(mutants))


def _signatures() -> Iterator[Program]:
    for frame in SENDS:
        if "kwargs" in frame.call or "value=" in frame.call:
            yield from sends_of("given", lambda _: [], frames=[frame])
            yield from _renamed(frame)
        elif frame.framework != "procrastinate":
            yield from sends_of("given", lambda _: ["given, 1, 2"], frames=[frame])
        yield from _emptied(frame)
    options = {"celery": "eta=given", "dramatiq": "delay=5", "jobkit": "wait=5", "django_tasks": "priority=1"}
    for frame in SENDS:
        if frame.call.endswith(("delay({x})", "send({x})", "perform_later({x})", "work.enqueue({x})")):
            option = options.get(frame.framework)
            mutants = [f"given, {option}"] if option else []
            yield from sends_of("given", lambda _, mutants=mutants: mutants, frames=[frame])


def _emptied(frame: SendFrame) -> Iterator[Program]:
    """Nothing is given; a chain is left out, for what it lacks may come later."""
    if "chain" in frame.call or frame.framework == "huey":
        return
    call = re.sub(r"(?:, )?(?:'value': |value=)?\{x\}", "", frame.call).replace("(, ", "(").replace("(,)", "()")
    bad = SendFrame(frame.framework, frame.job, call, frame.imports, frame.is_async)
    good = next(sends_of("given", lambda _: [], frames=[frame]))
    yield Program(call, good.files, (next(sends_of("given", lambda _: [], frames=[bad])).files,))


def _renamed(frame: SendFrame) -> Iterator[Program]:
    """The keyword is misspelt."""
    call = frame.call.replace("'value'", "'valeu'").replace("value=", "valeu=")
    bad = SendFrame(frame.framework, frame.job, call, frame.imports, frame.is_async)
    good = next(sends_of("given", lambda _: [], frames=[frame]))
    yield Program(call, good.files, (next(sends_of("given", lambda _: [], frames=[bad])).files,))


def _changes() -> Iterator[Program]:
    """A job as it was, as it may become, and as it may not while messages are queued."""
    for frame in JOBS:
        before = own(frame, "", "print(pk)", "pk, kind=None")
        after = own(frame, "", "print(pk)", "pk, kind=None, more=None")
        changed = ("pk", "pk, sort=None", "pk, more, kind=None", "kind, pk", "number, kind=None", "kind=None, pk=None")
        mutants = tuple(own(frame, "", "print(1)", parameters) for parameters in changed)
        yield Program(f"{frame.framework}: signature", after, mutants, earlier=before)


PROGRAMS: dict[str, list[Program]] = {
    "JK101": list(_records()),
    "JK102": list(_parameters()),
    "JK103": list(_untransportable()),
    "JK104": list(_rich()),
    "JK105": list(_payloads()),
    "JK106": list(_lists()),
    "JK107": list(_lazy()),
    "JK108": list(_secrets()),
    "JK109": list(_defaults()),
    "JK110": list(_signatures()),
    "JK111": list(_changes()),
}
