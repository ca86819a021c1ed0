"""`Schedule.load`: the four forms of a schedule file (spec G.1), each with what its own library does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobkit.recurring import SIDEKIQ_CRON, TIMERS, Schedule

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

SIDEKIQ_CRON_YML = """\
my_first_job:
  cron: "*/5 * * * *"
  class: "HardWorker"
  queue: hard_worker
  args: [42, { deep: true }]
  retry: 3
  description: "Works hard"

second_job:
  cron: "30 6 * * * Europe/Berlin"
  klass: Orders::Report
  args: { since: yesterday }
  date_as_argument: true
  status: disabled
  namespace: reports

mailer:
  cron: every day at 18:15 and 20:45
  class: Mailer
  active_job: true
  queue_name_prefix: app
  queue: mail
  args: '["from", "json"]'
  retry: false

texted: { cron: "@hourly", class: Texted, args: "no json", source: schedule, symbolize_args: yes }
"""

SIDEKIQ_SCHEDULER_YML = """\
:concurrency: 5
:queues:
  - default
  - [mail, 2]
:scheduler:
  :dynamic: false
  :schedule:
    HelloWorld:
      cron: '0 * * * * *'
    every_one:
      every: ['45m', { first_in: '5m' }]
      class: EveryWorker
      queue: mail
      args: { who: world }
      keyword_argument: true
      include_metadata: true
    once_at:
      at: '2026/01/01 15:00:00 Europe/Berlin'
      class: OnceWorker
    once_in: { in: 2h, class: OnceWorker, rails_env: "production, staging" }
    pause:
      interval: 30m
      class: PauseWorker
      enabled: false
    both: { every: 1h, cron: '0 3 * * *', class: BothWorker }
"""

RECURRING_YML = """\
default: &default
  cleanup:
    class: CleanupJob
    schedule: every hour at minute 12
    args: [1000, { older_than: 30 }]
    queue: background
    priority: 2
    description: Cleans

production:
  <<: *default
  daily:
    class: DailyJob
    schedule: at 5am every day Europe/Berlin
development:
"""

SCHEDULE_TOML = """\
[schedule.daily_report]
job = "reports.daily_report"
cron = "0 6 * * *"
timezone = "Europe/Berlin"
queue = "reports"
priority = 5
args = [1, "two"]
kwargs = { format = "pdf" }

[schedule.sweep]
job = "sweep"
every = "15m"
first_in = "1m"
environments = ["production"]

[schedule.launch]
job = "launch"
at = 2026-01-01T15:00:00Z
"""


def load(folder: Path, name: str, text: str, environment: str | None = None) -> Schedule:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Schedule.load(path, environment)


def test_sidekiq_crons_file(tmp_path: Path) -> None:
    schedule = load(tmp_path, "schedule.yml", SIDEKIQ_CRON_YML)

    first, second, mailer, texted = schedule
    assert (first.name, first.job, first.queue, first.retry) == ("my_first_job", "HardWorker", "hard_worker", 3)
    assert (first.args, first.description, first.namespace) == ((42, {"deep": True}), "Works hard", "default")
    assert (second.job, second.enabled, second.namespace) == ("Orders::Report", False, "reports")
    assert second.arguments(1.0, 2.0) == ({"since": "yesterday"}, 2.0)
    assert str(second.zone) == "Europe/Berlin"
    assert (mailer.queue, mailer.args, mailer.retry) == ("app_mail", ("from", "json"), False)
    assert texted.args == ("no json",)
    assert schedule.missed is SIDEKIQ_CRON


def test_a_natural_text_with_several_times_takes_the_first_in_sidekiq_crons_file_and_it_is_noted(
    tmp_path: Path,
) -> None:
    schedule = load(tmp_path, "schedule.yml", SIDEKIQ_CRON_YML)

    assert schedule["mailer"].next_fire_times(NEW_YEAR, n=2) == [
        NEW_YEAR.replace(hour=18, minute=15),
        NEW_YEAR.replace(day=2, hour=18, minute=15),
    ]
    assert any("mailer:" in note and "only the first one runs" in note for note in schedule.notes)


def test_sidekiq_crons_file_may_be_a_list(tmp_path: Path) -> None:
    schedule = load(
        tmp_path, "schedule.yml", "- { name: a, cron: '@daily', class: A }\n- { name: b, cron: '@hourly', class: B }\n"
    )

    assert [(entry.name, entry.job) for entry in schedule] == [("a", "A"), ("b", "B")]


def test_sidekiq_schedulers_keys_in_a_sidekiq_yml(tmp_path: Path) -> None:
    schedule = load(tmp_path, "sidekiq.yml", SIDEKIQ_SCHEDULER_YML, "production")

    hello, every, at, wait, pause, both = schedule
    assert hello.job == "HelloWorld"  # the class defaults to the name
    assert len(hello.fire_times(NEW_YEAR, NEW_YEAR + timedelta(minutes=3))) == 3
    assert every.next_fire_times(NEW_YEAR, n=2) == [NEW_YEAR + timedelta(minutes=5), NEW_YEAR + timedelta(minutes=50)]
    assert (every.kwargs, every.arguments(1.0, 2.0)) == ({"who": "world"}, ({"scheduled_at": 1.0},))
    assert at.next_fire_times(NEW_YEAR) == [NEW_YEAR + timedelta(hours=14)]
    assert wait.next_fire_times(NEW_YEAR) == [NEW_YEAR + timedelta(hours=2)]
    assert (pause.enabled, pause.interval) == (False, "30m")
    assert (both.cron, both.every) == ("0 3 * * *", None)  # cron is looked for first
    assert "both: every is not used, since cron is there" in schedule.notes
    assert schedule.missed is TIMERS


def test_rails_env_leaves_an_entry_out_everywhere_else_and_that_is_noted(tmp_path: Path) -> None:
    for environment in ("test", None):
        schedule = load(tmp_path, "sidekiq.yml", SIDEKIQ_SCHEDULER_YML, environment)

        assert "once_in" not in schedule
        assert "once_in: left out, it is for the environments production, staging" in schedule.notes


def test_sidekiq_schedulers_older_form_has_the_schedule_at_the_top(tmp_path: Path) -> None:
    schedule = load(tmp_path, "sidekiq.yml", ":schedule:\n  hi: { every: 1h, class: Hi }\n")

    assert schedule["hi"].job == "Hi"
    assert schedule.missed is TIMERS


def test_the_scheduler_can_be_off_altogether(tmp_path: Path) -> None:
    text = SIDEKIQ_SCHEDULER_YML.replace(":dynamic: false", ":enabled: false")

    schedule = load(tmp_path, "sidekiq.yml", text)

    assert len(schedule) == 5
    assert not any(entry.enabled for entry in schedule)
    assert "the scheduler is off (enabled: false): no entry fires" in schedule.notes


def test_listened_queues_only_keeps_the_entries_of_the_queues_that_are_served(tmp_path: Path) -> None:
    text = SIDEKIQ_SCHEDULER_YML.replace(":dynamic: false", ":listened_queues_only: true")

    schedule = load(tmp_path, "sidekiq.yml", text)

    assert [entry.name for entry in schedule] == ["every_one"]


def test_the_section_of_an_environment_has_a_schedule_of_its_own(tmp_path: Path) -> None:
    text = SIDEKIQ_SCHEDULER_YML + "staging:\n  :scheduler:\n    :schedule:\n      only: { every: 1h }\n"

    assert [entry.name for entry in load(tmp_path, "sidekiq.yml", text, "staging")] == ["only"]
    assert len(load(tmp_path, "sidekiq.yml", text, "production")) == 6


def test_solid_queues_file_has_sections_for_environments(tmp_path: Path) -> None:
    schedule = load(tmp_path, "recurring.yml", RECURRING_YML, "production")

    cleanup, daily = schedule
    assert (cleanup.job, cleanup.queue, cleanup.priority) == ("CleanupJob", "background", 2)
    assert (cleanup.args, cleanup.kwargs) == ((1000,), {"older_than": 30})  # a mapping at the end is keywords
    assert cleanup.next_fire_times(NEW_YEAR, n=1)[0].minute == 12
    assert str(daily.next_fire_times(NEW_YEAR, n=1)[0]) == "2026-01-01 05:00:00+01:00"
    assert schedule.missed is TIMERS


def test_an_environment_that_solid_queues_file_does_not_speak_of_has_no_entries(tmp_path: Path) -> None:
    assert len(load(tmp_path, "recurring.yml", RECURRING_YML, "development")) == 0

    test = load(tmp_path, "recurring.yml", RECURRING_YML, "test")
    assert len(test) == 0
    assert test.notes == ('no entries: there is no section "test", the sections are default, production, development',)


def test_solid_queues_file_may_have_no_sections(tmp_path: Path) -> None:
    schedule = load(tmp_path, "recurring.yml", "tick: { class: Tick, schedule: every 10 minutes }\n")

    assert schedule["tick"].next_fire_times(NEW_YEAR, n=1) == [NEW_YEAR + timedelta(minutes=10)]
    assert schedule.missed is TIMERS


def test_our_toml_form(tmp_path: Path) -> None:
    schedule = load(tmp_path, "schedule.toml", SCHEDULE_TOML, "production")

    report, sweep, launch = schedule
    assert (report.job, report.queue, report.priority) == ("reports.daily_report", "reports", 5)
    assert (report.args, report.kwargs) == ((1, "two"), {"format": "pdf"})
    assert str(report.next_fire_times(NEW_YEAR, n=1)[0]) == "2026-01-01 06:00:00+01:00"
    assert sweep.next_fire_times(NEW_YEAR, n=1) == [NEW_YEAR + timedelta(minutes=1)]
    assert launch.next_fire_times(NEW_YEAR) == [NEW_YEAR + timedelta(hours=15)]
    assert schedule.missed is SIDEKIQ_CRON
    assert "sweep" not in load(tmp_path, "schedule.toml", SCHEDULE_TOML)


def test_toml_may_have_the_entries_at_the_top(tmp_path: Path) -> None:
    schedule = load(tmp_path, "schedule.toml", '[tick]\njob = "tick"\ncron = "@hourly"\n')

    assert schedule["tick"].job == "tick"


def test_the_applications_zone_holds_for_entries_that_name_none(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yml"
    path.write_text(SIDEKIQ_CRON_YML, encoding="utf-8")

    schedule = Schedule.load(path, timezone="Asia/Tokyo")

    assert [str(entry.zone) for entry in schedule][:2] == ["Asia/Tokyo", "Europe/Berlin"]


@pytest.mark.parametrize("text", ["", "# none yet\n"])
def test_an_empty_file_is_an_empty_schedule(tmp_path: Path, text: str) -> None:
    assert len(load(tmp_path, "schedule.yml", text)) == 0
    assert len(load(tmp_path, "schedule.toml", text)) == 0
