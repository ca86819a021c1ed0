"""Where the entries stand in a schedule file; four forms are recognised (spec G.1). `entry_keys` reads each of them.

* sidekiq-cron: the top of a YAML file maps names to entries (or is a list of entries with ``name``).
* sidekiq-scheduler: under ``scheduler: schedule:``, or ``schedule:`` at the top.
* Solid Queue: as sidekiq-cron with the key ``schedule``, mostly below one key for each environment.
* our own: TOML with ``[schedule.name]`` tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from jobkit.configuration_file import ConfigurationFile, KeyPath, Problems, nearest_name
from jobkit.queue_config import QueueConfig
from jobkit.recurring.entry import TIMING_KEYS, Entry, EntryError, Natural
from jobkit.recurring.entry_keys import EntryKeys
from jobkit.recurring.missed import SIDEKIQ_CRON, TIMERS, MissedRuns

# What only an entry has, and what tells it from a section that holds entries.
ENTRY_KEYS = frozenset({*TIMING_KEYS, "schedule", "class", "klass", "job", "command"})


class Form(StrEnum):
    """Whose file it is: what times a natural text may have, and which missed runs fire, go by that."""

    SIDEKIQ_CRON = "sidekiq-cron"
    SIDEKIQ_SCHEDULER = "sidekiq-scheduler"
    SOLID_QUEUE = "Solid Queue"
    JOBKIT = "jobkit"


Located = tuple[KeyPath, str, object]


class ScheduleFile:
    """The entries of `file` for an `environment`; what cannot be used goes to `problems`."""

    def __init__(
        self, file: ConfigurationFile, environment: str | None, natural: Natural | None, problems: Problems
    ) -> None:
        self._file = file
        self._environment = environment
        self._natural = natural
        self._problems = problems
        self.form = Form.JOBKIT if file.name.endswith(".toml") else Form.SIDEKIQ_CRON
        self.notes: list[str] = []
        self._off: str | None = None
        self._listened: frozenset[str] | None = None

    @property
    def missed(self) -> MissedRuns:
        """What the form's own library does with missed runs."""
        return TIMERS if self.form in (Form.SIDEKIQ_SCHEDULER, Form.SOLID_QUEUE) else SIDEKIQ_CRON

    def entries(self) -> list[Entry]:
        """All entries that can be used, in order; one that cannot does not hinder the others."""
        made: dict[str, Entry] = {}
        for path, name, value in list(self._located()):
            if not isinstance(value, Mapping):
                self._problems.add(path, f"a mapping with job and cron is wanted, this is {value!r}")
                continue
            natural = self._natural
            if natural is None:
                natural = "single" if self.form in (Form.SIDEKIQ_CRON, Form.SIDEKIQ_SCHEDULER) else "strict"
            keys = EntryKeys(name, path, value, self._problems, first_timing_wins=self.form is Form.SIDEKIQ_SCHEDULER)
            if not self._is_wanted(name, keys):
                continue
            try:
                entry = keys.entry(natural, trailing_keywords=self.form is Form.SOLID_QUEUE, off=self._off is not None)
            except EntryError as error:
                self._problems.add(keys.path_of(error.key), error.reason)
                continue
            if entry is None:
                continue
            if name in made:
                self._problems.add(path, f'there are two entries named "{name}"; give each a name of its own')
                continue
            self.notes += keys.notes
            made[name] = entry
        if self._off is not None:
            self.notes.append(self._off)
        return list(made.values())

    def _is_wanted(self, name: str, keys: EntryKeys) -> bool:
        environments = keys.environments()
        if environments is not None and self._environment not in environments:
            self.notes.append(f"{name}: left out, it is for the environments {', '.join(environments)}")
            return False
        queue = keys.values.get("queue")
        if self._listened is not None and queue not in self._listened:
            self.notes.append(f"{name}: left out, its queue {queue!r} is not listened to (listened_queues_only)")
            return False
        return True

    def _located(self) -> Iterator[Located]:
        data = self._file.data
        if data is None or data == {}:
            return
        if isinstance(data, list):
            for index, item in enumerate(data):
                name = item.get("name") if isinstance(item, dict) else None
                if not isinstance(name, str):
                    self._problems.add((index,), "an entry in a list needs a name; add the key name")
                else:
                    yield (index,), name, item
        elif not isinstance(data, dict):
            self._problems.add((), f"a mapping from names to entries is wanted, this is {data!r}")
        else:
            yield from self._located_in(data)

    def _located_in(self, data: Mapping[str, object]) -> Iterator[Located]:
        prefix, holder = self._holder(data)
        scheduler = holder.get("scheduler")
        if "scheduler" in holder:
            self.form = Form.SIDEKIQ_SCHEDULER
            if not isinstance(scheduler, Mapping):
                self._problems.add((*prefix, "scheduler"), f"a mapping with schedule is wanted, this is {scheduler!r}")
                return
            self._options(scheduler, holder)
            yield from self._each((*prefix, "scheduler", "schedule"), scheduler.get("schedule"))
        elif isinstance(holder.get("schedule"), dict) and not _is_entry(holder["schedule"]):
            if self.form is not Form.JOBKIT:
                self.form = Form.SIDEKIQ_SCHEDULER
            self._options(holder, holder)
            yield from self._each((*prefix, "schedule"), holder["schedule"])
        elif any(_is_entry(value) for value in data.values()):
            self._recognise(data)
            yield from self._each((), data)
        else:
            yield from self._section(data)

    def _holder(self, data: Mapping[str, object]) -> tuple[KeyPath, Mapping[str, object]]:
        """The section of the environment if it has a schedule of its own, which then replaces that at the top."""
        section = data.get(self._environment or "")
        if not isinstance(section, dict) or _is_entry(section) or _is_entry(section.get("schedule")):
            return (), data
        if "scheduler" in section or isinstance(section.get("schedule"), dict):
            return (self._environment or "",), {**data, **section}
        return (), data

    def _section(self, data: Mapping[str, object]) -> Iterator[Located]:
        """Solid Queue: the entries of one environment, none if the file does not speak of it."""
        names = ", ".join(data)
        if self._environment is None:
            self._problems.add((), f"the file has a section for each of {names}; say which with environment=")
        elif self._environment in data:
            section = data[self._environment]
            self._recognise(section if isinstance(section, dict) else {})
            yield from self._each((self._environment,), section)
        elif nearest_name(self._environment, data):
            self._problems.add((), f'there is no section "{self._environment}", the sections are {names}; name one')
        else:
            self.notes.append(f'no entries: there is no section "{self._environment}", the sections are {names}')

    def _recognise(self, entries: Mapping[str, object]) -> None:
        solid = any(isinstance(value, dict) and "schedule" in value for value in entries.values())
        if self.form is not Form.JOBKIT and solid:
            self.form = Form.SOLID_QUEUE

    def _each(self, path: KeyPath, entries: object) -> Iterator[Located]:
        if entries is None:
            return
        if not isinstance(entries, dict):
            self._problems.add(path, f"a mapping from names to entries is wanted, this is {entries!r}")
            return
        for name, value in entries.items():
            yield (*path, name), name, value

    def _options(self, options: Mapping[str, object], top: Mapping[str, object]) -> None:
        """sidekiq-scheduler's own settings: off altogether, or only for queues that this process serves."""
        if options.get("enabled") is False:
            self._off = "the scheduler is off (enabled: false): no entry fires"
        if options.get("listened_queues_only") is True and "queues" in top:
            queues = QueueConfig.from_mapping({"queues": top["queues"]}).queues
            self._listened = frozenset(entry.name for entry in queues)


def _is_entry(value: object) -> bool:
    return isinstance(value, dict) and any(
        key in ENTRY_KEYS and not isinstance(inner, dict) for key, inner in value.items()
    )
