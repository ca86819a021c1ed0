"""What cannot be used in a schedule file is told with file, line and entry key; one entry does not hinder the others
(spec G.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobkit import ConfigError
from jobkit.recurring import Schedule

TWO_BAD_OF_THREE = """\
good:
  cron: "@daily"
  class: Good
bad_cron:
  class: Bad
  cron: "61 * * * *"

typo:
  cron: "@daily"
  class: Typo
  quue: low
"""


def message_of(folder: Path, name: str, text: str, environment: str | None = None) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        Schedule.load(path, environment)
    return str(raised.value).replace(str(folder), "config")


def test_all_errors_of_a_file_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    assert message_of(tmp_path, "schedule.yml", TWO_BAD_OF_THREE).splitlines() == [
        'config/schedule.yml:6: bad_cron.cron: "61 * * * *" is no cron expression: the minute "61" is not in 0 to 59',
        'config/schedule.yml:11: typo.quue: there is no such key; did you mean "queue"?',
    ]


def test_collecting_errors_keeps_the_entries_that_are_good(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yml"
    path.write_text(TWO_BAD_OF_THREE, encoding="utf-8")

    schedule = Schedule.load(path, errors="collect")

    assert [entry.name for entry in schedule] == ["good"]
    assert len(schedule.errors) == 2
    assert ":6: bad_cron.cron" in schedule.errors[0]


def test_toml_errors_have_lines_too(tmp_path: Path) -> None:
    text = '[schedule.a]\njob = "a"\ncron = "@daily"\n\n[schedule.b]\njob = "b"\ncron = "@never"\ntimezone = "UTC"\n'

    assert message_of(tmp_path, "schedule.toml", text).startswith(
        'config/schedule.toml:7: schedule.b.cron: "@never" is no cron expression; the names are @yearly,'
    )


def test_a_cron_without_quotes_that_begins_with_a_star_is_told_to_be_quoted(tmp_path: Path) -> None:
    message = message_of(tmp_path, "schedule.yml", "a:\n  cron: * * * * *\n  class: A\n")

    assert message.startswith("config/schedule.yml:2: this is not YAML that can be read:")
    assert "a value that begins with * (as a cron does) must be in quotes" in message


def test_several_crons_are_refused_in_solid_queues_file(tmp_path: Path) -> None:
    text = "production:\n  a:\n    class: A\n    schedule: every day at 18:15 and 20:45\n"

    assert message_of(tmp_path, "recurring.yml", text, "production").startswith(
        'config/recurring.yml:4: production.a.schedule: "every day at 18:15 and 20:45" stands for 2 crons: 15 18'
    )


def test_the_mode_for_natural_text_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "schedule.yml"
    path.write_text("a:\n  cron: every day at 18:15 and 20:45\n  class: A\n", encoding="utf-8")

    assert len(Schedule.load(path)) == 1
    with pytest.raises(ConfigError, match=r":2: a\.cron: .* stands for 2 crons"):
        Schedule.load(path, natural="strict")


def test_sections_without_an_environment_ask_for_one(tmp_path: Path) -> None:
    text = "production:\n  a: { class: A, schedule: '@daily' }\nstaging:\n"

    assert message_of(tmp_path, "recurring.yml", text) == (
        "config/recurring.yml:1: the file has a section for each of production, staging; say which with environment="
    )
    assert message_of(tmp_path, "recurring.yml", text, "produktion") == (
        'config/recurring.yml:1: there is no section "produktion", the sections are production, staging; name one'
    )


@pytest.mark.parametrize(
    ("entry", "line", "told"),
    [
        ("class: A", 1, "a: one of cron, every, at, in, interval is wanted, none is given"),
        ("cron: '@daily'", 1, "a: there is no job; name one with the key job (or class)"),
        (
            "cron: '@daily'\n  every: 1h\n  class: A",
            3,
            "a.every: one of cron, every, at, in, interval is wanted, cron and",
        ),
        ("cron: '@daily'\n  schedule: '@daily'\n  class: A", 3, "a.schedule: says the same as cron; keep one of them"),
        ("cron: '@daily'\n  class: A\n  klass: B", 4, "a.klass: says the same as class; keep one of them"),
        (
            "cron: '@daily'\n  command: 'Stuff.clear'",
            3,
            "a.command: Ruby code cannot run here; name a job with the key",
        ),
        ("cron: '@daily'\n  class: A\n  status: off", 4, "a.status: enabled or disabled is wanted, this is False"),
        ("cron: '@daily'\n  class: A\n  enabled: maybe", 4, "a.enabled: true or false is wanted, this is 'maybe'"),
        ("cron: '@daily'\n  class: A\n  retry: often", 4, "a.retry: a whole number, true or false is wanted, this is"),
        ("cron: '@daily'\n  class: A\n  priority: yes", 4, "a.priority: a whole number is wanted, this is True"),
        ("cron: '@daily'\n  class: A\n  queue: 5", 4, "a.queue: a text is wanted, this is 5"),
        ("cron: '@daily'\n  class: A\n  kwargs: [1]", 4, "a.kwargs: a mapping from names to values is wanted"),
        (
            "cron: '@daily'\n  class: A\n  timezone: Berlin",
            4,
            'a.timezone: there is no time zone "Berlin"; did you mean',
        ),
        ("every: [1h, 2h]\n  class: A", 2, "a.every: a text, or [text, {first_in: ...}] is wanted"),
        (
            "every: [1h, { frist_in: 2h }]\n  class: A",
            2,
            'a.every[1].frist_in: there is no such key; did you mean "first',
        ),
        ("every: [1h, { first_in: x }]\n  class: A", 2, "a.every: 'x' is no duration"),
        ("in: soon\n  class: A", 2, "a.in: 'soon' is no duration"),
        (
            "date_as_argument: 7\n  cron: '@daily'\n  class: A",
            2,
            "a.date_as_argument: true or false is wanted, this is 7",
        ),
    ],
)
def test_an_entry_that_cannot_be_used_is_told_at_its_key(tmp_path: Path, entry: str, line: int, told: str) -> None:
    assert message_of(tmp_path, "schedule.yml", f"a:\n  {entry}\n").startswith(f"config/schedule.yml:{line}: {told}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("just text\n", "schedule.yml:1: a mapping from names to entries is wanted, this is 'just text'"),
        ("- class: A\n", "schedule.yml:1: [0]: an entry in a list needs a name"),
        ("- 5\n", "schedule.yml:1: [0]: an entry in a list needs a name"),
        (
            "a: { class: A, cron: '@daily' }\nb: 5\n",
            "schedule.yml:2: b: a mapping with job and cron is wanted, this is 5",
        ),
        (":scheduler: 5\n", "schedule.yml:1: scheduler: a mapping with schedule is wanted, this is 5"),
        (":scheduler:\n  :schedule: [1]\n", "schedule.yml:2: scheduler.schedule: a mapping from names to entries"),
        ("a: <%= x %>\n", "schedule.yml:1: this is an ERB template"),
    ],
)
def test_a_file_of_another_shape_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert message_of(tmp_path, "schedule.yml", text).startswith(f"config/{told}")


def test_two_entries_of_one_name_in_a_list_are_told(tmp_path: Path) -> None:
    entry = "{ name: a, class: A, cron: '@daily' }"

    assert message_of(tmp_path, "schedule.yml", f"- {entry}\n- {entry}\n") == (
        'config/schedule.yml:2: [1]: there are two entries named "a"; give each a name of its own'
    )
