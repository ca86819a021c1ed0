"""The order in which a worker looks at its queues (spec E.2)."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.fetch_order import FetchMode, FetchPlan, QueueEntry, fetch_order

CRITICAL, DEFAULT, LOW = QueueEntry("critical", 3), QueueEntry("default", 2), QueueEntry("low", 1)

entries = st.lists(
    st.builds(QueueEntry, st.sampled_from("abcdef"), st.integers(min_value=0, max_value=9)), min_size=1, max_size=8
)


def test_without_weights_the_listed_order_is_kept_and_duplicates_are_removed() -> None:
    plan = FetchPlan([QueueEntry("b"), QueueEntry("a"), QueueEntry("b")])

    assert plan.mode is FetchMode.STRICT
    assert [plan.order(Random(seed)) for seed in range(3)] == [["b", "a"]] * 3
    assert (plan.chance_to_be_first("b"), plan.chance_to_be_first("a")) == (1.0, 0.0)


def test_the_plan_is_not_changed_through_an_order_that_it_gave() -> None:
    plan = FetchPlan([QueueEntry("a"), QueueEntry("b")])

    plan.order(Random(0)).clear()

    assert plan.order(Random(0)) == ["a", "b"]


def test_weights_of_one_make_the_order_random() -> None:
    plan = FetchPlan([QueueEntry("a", 1), QueueEntry("b", 1), QueueEntry("c", 1)])
    source = Random(1)

    orders = Counter(tuple(plan.order(source)) for _ in range(6_000))

    assert plan.mode is FetchMode.RANDOM
    assert len(orders) == 6
    assert all(count == pytest.approx(1_000, rel=0.15) for count in orders.values())


def test_an_entry_without_weight_beside_one_with_weight_counts_as_one() -> None:
    plan = FetchPlan([QueueEntry("a", 3), QueueEntry("b")])

    assert plan.mode is FetchMode.WEIGHTED
    assert plan.chance_to_be_first("b") == 0.25


def test_6000_fetches_from_full_queues_come_out_as_in_appendix_1() -> None:
    plan = FetchPlan([CRITICAL, DEFAULT, LOW])
    source = Random(7)

    first = Counter(plan.order(source)[0] for _ in range(6_000))

    assert first["critical"] == pytest.approx(3_000, rel=0.05)
    assert first["default"] == pytest.approx(2_000, rel=0.05)
    assert first["low"] == pytest.approx(1_000, rel=0.1)


def test_the_probabilities_are_those_of_shuffling_the_expanded_list_and_dropping_duplicates() -> None:
    weighted = [CRITICAL, DEFAULT, LOW]
    expanded = [entry.name for entry in weighted for _ in range(entry.weight)]
    plan, source = FetchPlan(weighted), Random(3)

    def as_sidekiq_does() -> tuple[str, ...]:
        source.shuffle(expanded)
        return tuple(dict.fromkeys(expanded))

    theirs = Counter(as_sidekiq_does() for _ in range(20_000))
    ours = Counter(tuple(plan.order(source)) for _ in range(20_000))

    assert ours.keys() == theirs.keys()
    for order, count in theirs.items():
        assert ours[order] == pytest.approx(count, rel=0.1)


def test_a_queue_that_is_listed_twice_has_both_shares() -> None:
    plan = FetchPlan([QueueEntry("a", 1), QueueEntry("b", 1), QueueEntry("a", 1)])
    source = Random(5)

    first = Counter(plan.order(source)[0] for _ in range(6_000))

    assert plan.chance_to_be_first("a") == pytest.approx(2 / 3)
    assert first["a"] == pytest.approx(4_000, rel=0.05)


@given(entries, st.integers())
def test_every_order_is_a_permutation_of_the_queues(listed: list[QueueEntry], seed: int) -> None:
    order = fetch_order(listed, Random(seed))

    assert sorted(order) == sorted({entry.name for entry in listed})


@given(entries, st.integers())
def test_the_same_seed_gives_the_same_orders(listed: list[QueueEntry], seed: int) -> None:
    one, other = Random(seed), Random(seed)

    assert [fetch_order(listed, one) for _ in range(5)] == [fetch_order(listed, other) for _ in range(5)]


@given(entries)
def test_the_chances_to_be_first_add_up_to_one(listed: list[QueueEntry]) -> None:
    plan = FetchPlan(listed)

    assert sum(plan.chance_to_be_first(name) for name in {entry.name for entry in listed}) == pytest.approx(1)
