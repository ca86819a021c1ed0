"""Solid Queue's selectors: names, prefixes, all, and paused queues (spec E.3)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobkit.fetch_order import select_queues

names = st.sampled_from(["mail", "mail_low", "import", "import_a", "import_b", "x"])
selectors = st.lists(st.one_of(names, st.sampled_from(["*", "mail*", "import*", "im*"])), max_size=5)


def test_each_exact_name_is_a_step_in_the_listed_order_even_if_it_holds_nothing() -> None:
    assert select_queues(["b", "a"], existing=["a"]) == [("b",), ("a",)]


def test_a_star_takes_all_queues_in_one_step_so_that_priority_holds_across_them() -> None:
    assert select_queues(["*"], existing=["a", "b"]) == [("a", "b")]


def test_no_selector_is_a_star() -> None:
    assert select_queues([], existing=["a", "b"]) == [("a", "b")]


def test_a_star_wins_over_names_beside_it() -> None:
    assert select_queues(["b", "*"], existing=["a", "b"]) == [("a", "b")]


def test_a_paused_queue_is_skipped_and_breaks_the_star_into_a_step_for_each_queue() -> None:
    assert select_queues(["*"], existing=["a", "b", "c"], paused=["b"]) == [("a",), ("c",)]


def test_a_prefix_takes_the_existing_queues_that_begin_so_in_its_place_of_the_list() -> None:
    steps = select_queues(["mail", "import*", "x"], existing=["import_b", "mail", "import_a"])

    assert steps == [("mail",), ("import_b",), ("import_a",), ("x",)]


def test_a_name_before_its_prefix_keeps_its_place_and_comes_once() -> None:
    assert select_queues(["import_a", "import*"], existing=["import_b", "import_a"]) == [("import_a",), ("import_b",)]


def test_spaces_around_a_selector_do_not_matter() -> None:
    assert select_queues([" mail "], existing=[]) == [("mail",)]


def test_where_there_is_no_queue_a_star_has_no_step() -> None:
    assert select_queues(["*"], existing=[]) == []


@given(selectors, st.lists(names, unique=True), st.sets(names))
def test_no_paused_queue_and_no_queue_twice(wanted: list[str], existing: list[str], paused: set[str]) -> None:
    polled = [name for step in select_queues(wanted, existing, paused) for name in step]

    assert len(polled) == len(set(polled))
    assert not paused.intersection(polled)
    assert set(polled) <= set(existing) | set(wanted)
