"""The replay string and the kinds of fault."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_jobkit.retry_safety.exploring.faults import (
    DEFAULT_KINDS,
    Fault,
    FaultKind,
    decode,
    duration,
    encode,
    parse_kinds,
    rank,
)

faults = st.builds(
    Fault,
    delivery=st.integers(1, 99),
    at=st.integers(0, 999),
    kind=st.sampled_from(FaultKind),
    delay=st.integers(0, 10**6),
    choice=st.integers(0, 9),
)


@given(st.lists(faults).map(tuple))
def test_a_schedule_survives_its_replay_string(schedule):
    assert decode(encode(schedule)) == schedule


@given(st.lists(st.lists(faults, max_size=3).map(tuple), min_size=2, max_size=5))
def test_fewer_faults_come_first(schedules):
    lengths = [len(schedule) for schedule in sorted(schedules, key=rank)]

    assert lengths == sorted(lengths)


def test_a_replay_string_can_be_written_by_hand():
    assert decode("rs1:1.kill3,2.after0+25h") == (
        Fault(1, 3, FaultKind.KILL),
        Fault(2, 0, FaultKind.AFTER, delay=90_000),
    )
    assert decode("rs1:") == ()
    assert encode(decode("rs1:1.wrong2~1,3.noack7+86400s")) == "rs1:1.wrong2~1,3.noack7+24h"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.kill3", "starts with 'rs1:'"),
        ("rs1:kill3", "'kill3' in 'rs1:kill3' is no fault"),
        ("rs1:1.boom3", "'boom' in 'rs1:1.boom3' is no kind of fault; there are: noack kill term"),
        ("rs1:0.kill3", "counted from 1"),
    ],
)
def test_what_is_no_replay_string_is_refused_with_the_part_that_is_wrong(text, said):
    with pytest.raises(ValueError, match="rs1:") as caught:
        decode(text)

    assert said in str(caught.value)


def test_kinds_come_in_the_order_of_the_simplest_story():
    assert parse_kinds("after kill noack").kinds == (FaultKind.NOACK, FaultKind.KILL, FaultKind.AFTER)
    assert parse_kinds(None).kinds == DEFAULT_KINDS
    assert parse_kinds(["kill", "late"]).late
    assert str(parse_kinds("late, kill")) == "kill late"


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(ValueError, match="'explode' in 'kill explode' is no kind of fault; there are: noack kill"):
        parse_kinds("kill explode")
    with pytest.raises(ValueError, match="names no kind"):
        parse_kinds("late")


@pytest.mark.parametrize(("seconds", "text"), [(90_000, "25h"), (120, "2m"), (61, "61s"), (0, "0s")])
def test_a_duration_is_written_in_its_largest_whole_unit(seconds, text):
    assert duration(seconds) == text
