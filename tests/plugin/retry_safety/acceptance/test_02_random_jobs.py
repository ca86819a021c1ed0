"""Acceptance 2: three ways to search agree on random jobs: bounded, bounded with equal states merged, the graph.

Thirty jobs by default; JOBKIT_RANDOM_JOBS=1000 for a long run.
"""

from __future__ import annotations

import contextlib
import os
import random

import pytest
from sample_shop import Timeout, shop, shop_world

from pytest_jobkit.retry_safety import RetrySafety

STEPS = ["guard0", "flag0", "commit", "keyed", "plain", "add", "set", "mail", "mail once", "swallow", "guard1", "flag1"]
JOBS = int(os.environ.get("JOBKIT_RANDOM_JOBS", "30"))


def random_job(number: int):
    source = random.Random(number)
    steps = [*source.choices([*STEPS, "commit"], k=source.randint(2, 6)), "commit"]

    def job():
        for place, step in enumerate(steps):
            match step:
                case "guard0" | "guard1":
                    if shop.db.execute("select 1 from processed where id=?", (step[-1],)).fetchone():
                        return
                case "flag0" | "flag1":
                    shop.db.execute("insert or ignore into processed values (?)", (step[-1],))
                case "commit":
                    shop.db.commit()
                case "keyed":
                    shop.gateway.post("/keyed", {"place": place}, key=f"k{place}")
                case "plain":
                    shop.gateway.post("/plain", {"place": place})
                case "add":
                    shop.db.execute("update balance set value = value + 1")
                case "set":
                    shop.db.execute("update balance set value = 7")
                case "mail":
                    shop.mail.send("buyer", f"subject {place}")
                case "mail once":
                    shop.mail.send("buyer", f"subject {place}", message_id=f"m{place}")
                case "swallow":
                    with contextlib.suppress(Timeout):
                        shop.gateway.post("/swallowed", {"place": place}, key=f"s{place}")

    return job, steps


@pytest.mark.parametrize("number", range(JOBS))
def test_all_ways_to_search_agree(number: int, retry_safety: RetrySafety):
    job, steps = random_job(number)
    settings = {"world": shop_world, "budget": (5000, 60.0), "observe": lambda shop: shop.rows()}

    every = retry_safety(job, faults=2, merge=False, **settings)
    merged = retry_safety(job, faults=2, **settings)
    graph = retry_safety(job, **settings)

    answers = {bool(report.search.failures) for report in (every, merged, graph)}
    assert len(answers) == 1, f"{steps}: {every.schedule} {merged.schedule} {graph.schedule}"
    if graph.faults and merged.faults:
        assert len(graph.faults) == len(merged.faults) == len(every.faults)
