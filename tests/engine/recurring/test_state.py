"""What of a schedule is due: the firing rules of spec G.2 as a machine that is told the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobkit.recurring import CATCH_UP, SIDEKIQ_CRON, TIMERS, Claims, Entry, Firing, MissedRuns, Schedule, ScheduleState

START = 1_767_268_800.0  # 2026-01-01 12:00 UTC
MINUTE, HOUR = 60.0, 3_600.0
HOURLY = Entry("hourly", "Hourly", cron="0 * * * *")


def state_of(*entries: Entry, missed: MissedRuns = SIDEKIQ_CRON) -> ScheduleState:
    return ScheduleState(Schedule(entries, missed=missed), START)


def hours(firings: list[Firing]) -> list[float]:
    """The computed times, in hours after the start."""
    return [(firing.instant - START) / HOUR for firing in firings]


def polled(state: ScheduleState, step: float, until: float) -> list[Firing]:
    """All firings of a process that looks every `step` seconds."""
    firings = []
    now = START
    while now <= START + until:
        firings += state.due(now)
        now += step
    return firings


def test_the_first_load_does_not_fire_what_was_due_then_or_before() -> None:
    state = state_of(HOURLY)

    assert state.due(START) == []
    assert state.due(START + 59) == []
    assert state.next_due == START + HOUR


def test_a_run_fires_when_its_time_has_come_and_asking_twice_fires_once() -> None:
    state = state_of(HOURLY)

    assert hours(state.due(START + HOUR)) == [1]
    assert state.due(START + HOUR) == []
    assert state.next_due == START + 2 * HOUR


def test_a_process_that_polls_every_30_seconds_fires_each_run_once() -> None:
    firings = polled(state_of(HOURLY), step=30, until=5 * HOUR)

    assert hours(firings) == [1, 2, 3, 4, 5]


def test_a_firing_tells_its_time_its_delay_and_its_arguments() -> None:
    entry = Entry("report", "Report", cron="0 14 * * *", timezone="Europe/Berlin", args=["a"], kwargs={"b": 1})
    dated = Entry("dated", "Dated", cron="0 * * * *", date_as_argument=True, include_metadata=True)

    dated_firing, firing = state_of(dated, entry).due(START + HOUR + 12)

    assert (firing.entry, firing.late, firing.args, firing.kwargs) == (entry, 12.0, ("a",), {"b": 1})
    assert str(firing.fire_time) == "2026-01-01 14:00:00+01:00"
    assert dated_firing.args == (START + HOUR + 12, {"scheduled_at": START + HOUR})


def test_firings_come_in_order_of_their_times_and_then_of_the_entries() -> None:
    state = state_of(
        Entry("b", "B", cron="30 * * * *"),
        Entry("a", "A", cron="0 * * * *"),
        Entry("c", "C", every="30m"),
        missed=CATCH_UP,
    )

    firings = state.due(START + HOUR)

    assert [(firing.entry.name, firing.instant - START) for firing in firings] == [
        ("b", 1_800),
        ("c", 1_800),
        ("a", 3_600),
        ("c", 3_600),
    ]


@pytest.mark.parametrize(("late", "fires"), [(0, True), (60, True), (60.9, True), (61, False), (1_800, False)])
def test_sidekiq_cron_fires_a_missed_run_within_60_seconds(late: float, fires: bool) -> None:
    assert hours(state_of(HOURLY).due(START + HOUR + late)) == ([1] if fires else [])


def test_sidekiq_cron_fires_only_the_latest_of_several_missed_runs() -> None:
    state = state_of(HOURLY, Entry("secondly", "S", cron="* * * * * *"))

    firings = state.due(START + 5 * HOUR + 10)

    assert [(firing.entry.name, firing.instant - START) for firing in firings] == [
        ("hourly", 5 * HOUR),
        ("secondly", 5 * HOUR + 10),
    ]


def test_sidekiq_scheduler_and_solid_queue_do_not_fire_missed_runs() -> None:
    state = state_of(HOURLY, missed=TIMERS)

    assert state.due(START + HOUR + 30) == []
    assert hours(state.due(START + 2 * HOUR)) == [2]


def test_catching_up_fires_every_missed_run() -> None:
    assert hours(state_of(HOURLY, missed=CATCH_UP).due(START + 4.5 * HOUR)) == [1, 2, 3, 4]


def test_the_policy_is_the_schedules_unless_another_is_given() -> None:
    schedule = Schedule([HOURLY], missed=TIMERS)

    assert ScheduleState(schedule, START).due(START + HOUR + 30) == []
    assert hours(ScheduleState(schedule, START, missed=CATCH_UP).due(START + HOUR + 30)) == [1]


def test_a_long_gap_costs_nothing_where_only_the_latest_run_counts() -> None:
    state = state_of(Entry("secondly", "S", cron="* * * * * *"))
    century = START + 100 * 365 * 86_400

    assert [firing.instant for firing in state.due(century)] == [century]


def test_overlap_is_told_from_what_the_engine_says_of_the_previous_run() -> None:
    other = Entry("other", "Other", cron="0 * * * *")
    state = state_of(HOURLY, other)

    firings = state.due(START + HOUR, is_unfinished=lambda entry: entry.name == "hourly")

    assert [(firing.entry.name, firing.overlaps) for firing in firings] == [("hourly", True), ("other", False)]


def test_of_two_runs_that_fire_together_the_second_overlaps_the_first() -> None:
    firings = state_of(HOURLY, missed=CATCH_UP).due(START + 2 * HOUR, is_unfinished=lambda entry: False)

    assert [firing.overlaps for firing in firings] == [False, True]


def test_every_stays_on_its_grid_when_a_look_comes_late() -> None:
    state = state_of(Entry("e", "E", every="1h"))

    assert hours(state.due(START + HOUR + 30)) == [1]
    assert state.next_due == START + 2 * HOUR


def test_interval_counts_from_the_last_run() -> None:
    state = state_of(Entry("i", "I", interval="1h"))

    assert hours(state.due(START + HOUR + 30)) == [1]
    assert state.next_due == START + 2 * HOUR + 30
    assert hours(state.due(START + 2 * HOUR + 30)) == [2 + 30 / HOUR]


def test_an_interval_that_was_missed_goes_on_in_its_rhythm() -> None:
    state = state_of(Entry("i", "I", interval="1h"))

    assert state.due(START + 3.5 * HOUR) == []
    assert state.next_due == START + 4 * HOUR


def test_first_in_is_for_the_first_run_alone() -> None:
    firings = polled(state_of(Entry("i", "I", interval="1h", first_in="5m")), step=30, until=3 * HOUR)

    assert [firing.instant - START for firing in firings] == [300, 300 + HOUR, 300 + 2 * HOUR]


def test_at_and_in_fire_once() -> None:
    state = state_of(
        Entry("a", "A", at="2026-01-01 13:00"), Entry("b", "B", in_="2h"), Entry("old", "O", at="2025-12-31")
    )

    firings = polled(state, step=30, until=5 * HOUR)

    assert [firing.entry.name for firing in firings] == ["a", "b"]
    assert state.next_due is None


def test_a_restart_lets_every_interval_and_in_count_anew_but_not_a_cron() -> None:
    state = state_of(HOURLY, Entry("e", "E", every="1h"), Entry("i", "I", interval="2h"), Entry("in", "In", in_="3h"))

    state.restart(START + 50 * MINUTE)

    due = [(firing.entry.name, firing.instant - START) for firing in polled(state, step=30, until=4 * HOUR)]
    assert due == [
        ("hourly", HOUR),
        ("e", 110 * MINUTE),
        ("hourly", 2 * HOUR),
        ("e", 170 * MINUTE),
        ("i", 170 * MINUTE),
        ("hourly", 3 * HOUR),
        ("e", 230 * MINUTE),
        ("in", 230 * MINUTE),
        ("hourly", 4 * HOUR),
    ]


def test_a_cron_that_was_due_shortly_before_a_restart_still_fires() -> None:
    state = state_of(HOURLY)

    state.restart(START + HOUR + 20)

    assert hours(state.due(START + HOUR + 30)) == [1]


def test_an_entry_that_is_not_enabled_never_fires() -> None:
    assert state_of(Entry("off", "Off", cron="* * * * *", enabled=False)).next_due is None


def test_a_clock_that_goes_back_fires_nothing_again() -> None:
    state = state_of(HOURLY)
    state.due(START + HOUR)

    assert state.due(START + 0.5 * HOUR) == []
    assert state.due(START + HOUR) == []


def test_two_processes_with_shared_claims_fire_each_cron_run_once() -> None:
    claims, schedule = Claims(), Schedule([HOURLY])
    one, other = ScheduleState(schedule, START, claims=claims), ScheduleState(schedule, START + 7, claims=claims)

    fired = [hours(state.due(START + now)) for now in (HOUR + 1, 2 * HOUR + 1) for state in (one, other)]

    assert fired == [[1], [], [2], []]


def test_two_processes_fire_every_twice_since_each_counts_from_its_own_start() -> None:
    claims, schedule = Claims(), Schedule([Entry("e", "E", every="1h")])
    one, other = ScheduleState(schedule, START, claims=claims), ScheduleState(schedule, START + 7, claims=claims)

    assert len(one.due(START + HOUR + 10) + other.due(START + HOUR + 10)) == 2


def test_claims_are_remembered_for_a_day() -> None:
    claims = Claims()

    assert claims.take(HOURLY, START, now=START)
    assert not claims.take(HOURLY, START, now=START + 86_400)
    assert claims.take(HOURLY, START, now=START + 86_401)


def test_claims_are_by_namespace_and_name() -> None:
    claims = Claims()
    other = Entry("hourly", "Hourly", cron="0 * * * *", namespace="other")

    assert [claims.take(entry, START, START) for entry in (HOURLY, other, HOURLY)] == [True, True, False]


looks = st.lists(st.floats(1, 20_000), min_size=1, max_size=30)


@given(looks, st.booleans())
def test_whenever_one_looks_catching_up_fires_each_run_once_and_in_order(waits: list[float], berlin: bool) -> None:
    zone = "Europe/Berlin" if berlin else "UTC"
    schedule = Schedule(
        [Entry("a", "A", cron="*/20 * * * *", timezone=zone), Entry("b", "B", every="37m")], missed=CATCH_UP
    )
    state = ScheduleState(schedule, START)
    now, firings = START, []

    for wait in waits:
        now += wait
        firings += state.due(now)

    expected = {(entry.name, instant) for entry in schedule for instant in _until(entry, now) if START < instant <= now}
    assert {(firing.entry.name, firing.instant) for firing in firings} == expected
    assert len(firings) == len(expected)
    assert [firing.instant for firing in firings] == sorted(firing.instant for firing in firings)


@given(looks, st.floats(0, 5_000), st.booleans())
def test_no_policy_fires_too_early_too_late_or_twice(waits: list[float], grace: float, each: bool) -> None:
    entries = [Entry("a", "A", cron="*/20 * * * *"), Entry("b", "B", interval="37m"), Entry("c", "C", every="11m")]
    state = state_of(*entries, missed=MissedRuns(grace, each))
    now, seen = START, set()

    for wait in waits:
        now += wait
        for firing in state.due(now):
            assert firing.instant <= now
            assert int(now) - int(firing.instant) <= grace
            assert (firing.entry.name, firing.instant) not in seen
            seen.add((firing.entry.name, firing.instant))
        assert state.next_due is not None
        assert state.next_due > now


def _until(entry: Entry, end: float) -> list[float]:
    found: list[float] = []
    for instant in entry.instants(START, START):
        if instant > end:
            return found
        found.append(instant)
    return found
