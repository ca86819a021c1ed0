"""Mutants of retries, time limits and errors: without the limit, the backoff, the timeout, the re-raise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from recall_frames import JOBS, Program, jobs_with, own
from recall_mutation import replaced, without_keyword

SYNC = [frame for frame in JOBS if "async" not in frame.head]
HEADS = (
    ("from celery import shared_task", "@shared_task({options})\ndef {name}(pk):\n    {body}"),
    ("from celery import Celery\napp = Celery('shop')", "@app.task({options})\ndef {name}(pk):\n    {body}"),
    ("from celery import shared_task", "@shared_task(queue='low', {options})\ndef {name}(pk, kind=None):\n    {body}"),
)
BODIES = ("print(pk)", "for row in range(pk):\n        print(row)")
NAMES = ("work", "send_report")


def declared(good: str, *bad: str, heads: Iterable[tuple[str, str]] = HEADS) -> Iterator[Program]:
    """Jobs of Celery with good options, and with each of the bad ones."""
    for (imports, head), body, name in product(heads, BODIES, NAMES):
        files = [f"{imports}\n\n{head.format(options=options, body=body, name=name)}\n" for options in (good, *bad)]
        mutants = tuple({"shop/tasks.py": text} for text in files[1:])
        yield Program(f"{head}: {good}", {"shop/tasks.py": files[0]}, mutants)


def _timeouts() -> Iterator[Program]:
    calls = (
        "requests.get('https://carrier.test', timeout=5)",
        "requests.post('https://carrier.test', json={'id': pk}, timeout=(3, 20))",
        "urlopen('https://carrier.test', timeout=5).read()",
        "subprocess.run(['convert', str(pk)], check=True, timeout=60)",
    )
    imports = "import subprocess\nfrom urllib.request import urlopen\nimport requests"
    for call in calls:
        yield from jobs_with(call, without_keyword("timeout"), imports, frames=SYNC)


def _swallowed() -> Iterator[Program]:
    body = "try:\n    gateway.push(pk)\nexcept Exception:\n    print('failed')\n    raise"
    yield from jobs_with(
        body,
        replaced("\n    raise", "", "\n    return"),
        "from shop.gateway import gateway",
        frames=SYNC,
        placements=(own,),
    )
    specific = "try:\n    gateway.push(pk)\nexcept GatewayGone:\n    gateway.forget(pk)"
    imports = "from shop.gateway import GatewayGone, gateway"
    yield from jobs_with(
        specific,
        replaced("except GatewayGone:\n    gateway.forget(pk)", "except Exception:\n    pass", "except:\n    pass"),
        imports,
        frames=SYNC,
        placements=(own,),
    )


def _exits() -> Iterator[Program]:
    body = "if pk < 0:\n    raise ValueError(pk)\nprint(pk)"
    yield from jobs_with(body, replaced("raise ValueError(pk)", "sys.exit(1)", "os._exit(1)"), "import os\nimport sys")
    yield from jobs_with(body, replaced("ValueError(pk)", "SystemExit(1)"), placements=(own,))


PROGRAMS: dict[str, list[Program]] = {
    "JK301": list(declared("autoretry_for=(OSError,), max_retries=5", "autoretry_for=(OSError,), max_retries=None")),
    "JK302": list(_swallowed()),
    "JK305": list(
        declared("autoretry_for=(OSError,), retry_backoff=True", "autoretry_for=(OSError,)", "autoretry_for=(IOError,)")
    ),
    "JK306": list(_timeouts()),
    "JK309": list(_exits()),
    "JK414": list(
        declared("max_retries=3, time_limit=60", "max_retry=3", "max_retries=3, time_limt=60", "soft_time_limits=5")
    ),
}
