"""`QueueConfig`: which queues a worker serves and what is done with failing jobs, in the shape of a ``sidekiq.yml``.

Reading tells everything that is wrong in one `ConfigError`, with file, line and key (spec E.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jobkit.configuration_file import ConfigurationFile, KeyPath, Problems, nearest_name, without_colon
from jobkit.fetch_order import QueueEntry

QueueSpec = QueueEntry | str | tuple[str, int] | list[object] | Mapping[str, object]
DAY = 86_400

# What a sidekiq.yml may hold that means nothing to an engine in memory, or is read by `Schedule`.
IGNORED_KEYS = frozenset(
    {"average_scheduled_poll_interval", "backtrace", "cron", "daemon", "dynamic", "dynamic_every", "enabled"}
    | {"index", "labels", "limits", "listened_queues_only", "log_level", "logfile", "pidfile"}
    | {"poll_interval_average", "process_limits", "require", "rufus_scheduler_options", "schedule", "scheduler"}
    | {"strict", "tag", "verbose"}
)
USUAL_ENVIRONMENTS = frozenset({"development", "test", "staging", "production"})


@dataclass(frozen=True, slots=True)
class Capsule:
    """A set of queues with a concurrency of its own, served beside the others (Sidekiq's capsule)."""

    name: str
    queues: tuple[QueueEntry, ...]
    concurrency: int


@dataclass(frozen=True, slots=True, init=False)
class QueueConfig:
    """What a worker serves and how failing jobs end. The defaults are Sidekiq's.

    Args:
        queues: in order; each ``"name"``, ``"name,weight"``, ``("name", weight)`` or ``{"name": weight}``.
        concurrency: jobs that are performed at the same time.
        timeout: seconds that running jobs get to finish at shutdown.
        max_retries: retries after the first run, for jobs that say nothing else; 0 sends a failed job to the dead
            set at once.
        dead_max_jobs: the dead set holds fewer jobs than this; the oldest are dropped.
        dead_timeout_in_seconds: a dead job is dropped after this time.
        capsules: name to a mapping with ``queues`` and ``concurrency``.

    Raises:
        ConfigError: with every value that cannot be used.

    >>> QueueConfig(queues=["critical,3", "low"]).queues
    (QueueEntry(name='critical', weight=3), QueueEntry(name='low', weight=0))
    """

    queues: tuple[QueueEntry, ...]
    concurrency: int
    timeout: float
    max_retries: int
    dead_max_jobs: int
    dead_timeout_in_seconds: float
    capsules: tuple[Capsule, ...]

    def __init__(
        self,
        queues: Iterable[QueueSpec] = ("default",),
        concurrency: int = 5,
        timeout: float = 25.0,
        max_retries: int = 25,
        dead_max_jobs: int = 10_000,
        dead_timeout_in_seconds: float = 180.0 * DAY,
        capsules: Mapping[str, Mapping[str, object]] | Iterable[Capsule] = (),
    ) -> None:
        given = {
            "queues": queues if isinstance(queues, str | Mapping) else list(queues),
            "concurrency": concurrency,
            "timeout": timeout,
            "max_retries": max_retries,
            "dead_max_jobs": dead_max_jobs,
            "dead_timeout_in_seconds": dead_timeout_in_seconds,
            "capsules": capsules if isinstance(capsules, Mapping) else {capsule.name: capsule for capsule in capsules},
        }
        problems = Problems(ConfigurationFile("QueueConfig", given))
        values = _Reading(problems).values({key: ((key,), value) for key, value in given.items()})
        problems.raise_if_any()
        for key, value in values.items():
            object.__setattr__(self, key, value)

    @classmethod
    def load(cls, path: str | Path, environment: str | None = None) -> QueueConfig:
        """Read a ``sidekiq.yml`` or the same keys in TOML. Keys may have Ruby's leading colon.

        Args:
            environment: the name of a section (``production:``) whose keys replace those at the top.

        Raises:
            ConfigError: names file, line and key of everything that cannot be used.
        """
        return cls._of_file(ConfigurationFile.read(path), environment)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object], environment: str | None = None) -> QueueConfig:
        """The same from a mapping that is already in memory."""
        return cls._of_file(ConfigurationFile.of_mapping(mapping, "queue configuration"), environment)

    @classmethod
    def _of_file(cls, file: ConfigurationFile, environment: str | None) -> QueueConfig:
        problems = Problems(file)
        if not isinstance(file.data, dict | None):
            problems.add((), f"a mapping with keys such as queues is wanted, this is {_shown(file.data)}")
        settings = _settings(file.data if isinstance(file.data, dict) else {}, environment, problems)
        values = _Reading(problems).values(settings)
        problems.raise_if_any()
        config = cls()
        for key, value in values.items():
            object.__setattr__(config, key, value)
        return config


KEYS = frozenset(QueueConfig.__dataclass_fields__)
Settings = dict[str, tuple[KeyPath, object]]


def _settings(data: Mapping[str, object], environment: str | None, problems: Problems) -> Settings:
    """The top of the file with the section of `environment` laid over it, key by key, as Sidekiq merges them."""
    settings: Settings = {}
    sections: dict[str, Mapping[str, object]] = {}
    for key, value in data.items():
        if key in KEYS:
            settings[key] = ((key,), value)
        elif key in IGNORED_KEYS:
            continue
        elif _is_section(key, value, environment):
            sections[key] = value if isinstance(value, dict) else {}
        else:
            problems.unknown_key((key,), KEYS)
    if environment is not None and environment not in sections:
        nearest = nearest_name(environment, sections)
        if nearest is not None:
            problems.add((), f'there is no section "{environment}"; did you mean the environment "{nearest}"?')
    for key, value in sections.get(environment or "", {}).items():
        if key in KEYS:
            settings[key] = ((environment or "", key), value)
        elif key not in IGNORED_KEYS:
            problems.unknown_key((environment or "", key), KEYS)
    return settings


def _is_section(key: str, value: object, environment: str | None) -> bool:
    named = key == environment or key in USUAL_ENVIRONMENTS
    if value is None:
        return named
    return isinstance(value, dict) and (named or any(inner in KEYS for inner in value))


class _Reading:
    """Checks the values of all keys, and notes what is wrong instead of raising."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def values(self, settings: Settings) -> dict[str, object]:
        made: dict[str, object] = {}
        for key, (path, value) in settings.items():
            match key:
                case "queues":
                    made[key] = self.queues(path, value)
                case "concurrency" | "dead_max_jobs":
                    made[key] = self.number(path, value, least=1)
                case "max_retries":
                    made[key] = self.number(path, value, least=0)
                case "timeout" | "dead_timeout_in_seconds":
                    made[key] = self.seconds(path, value)
        if "capsules" in settings:
            concurrency = made.get("concurrency", 5)
            made["capsules"] = self.capsules(*settings["capsules"], concurrency if isinstance(concurrency, int) else 5)
        return made

    def number(self, path: KeyPath, value: object, least: int) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self._problems.add(path, f"a whole number from {least} is wanted, this is {_shown(value)}")
        return least

    def seconds(self, path: KeyPath, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf"):
            return float(value)
        self._problems.add(path, f"a number of seconds above 0 is wanted, this is {_shown(value)}")
        return 1.0

    def queues(self, path: KeyPath, value: object) -> tuple[QueueEntry, ...]:
        if not isinstance(value, str | Mapping | list | tuple):
            self._problems.add(path, f"a list of queues is wanted, this is {_shown(value)}")
            return ()
        if not value:
            self._problems.add(path, "the list is empty; name at least one queue, or leave the key out for default")
        if isinstance(value, list | tuple):
            return tuple(entry for n, item in enumerate(value) for entry in self._entries((*path, n), item))
        return tuple(self._entries(path, value)) if value else ()

    def _entries(self, path: KeyPath, item: object) -> list[QueueEntry]:
        made: list[QueueEntry] = []
        for name, weight in _names_and_weights(item):
            if not isinstance(name, str) or not name.strip():
                self._problems.add(
                    path, f'a queue is wanted as name, "name,weight" or [name, weight], this is {_shown(item)}'
                )
            elif not isinstance(weight, int) or isinstance(weight, bool) or weight < 0:
                self._problems.add(
                    path,
                    f'the weight of queue "{name.strip()}" must be a whole number from 1, this is {_shown(weight)}',
                )
            else:
                made.append(QueueEntry(name.strip(), weight))
        return made

    def capsules(self, path: KeyPath, value: object, concurrency: int) -> tuple[Capsule, ...]:
        if not isinstance(value, Mapping):
            self._problems.add(path, f"a mapping from capsule names to settings is wanted, this is {_shown(value)}")
            return ()
        made = []
        for name, settings in value.items():
            here = (*path, without_colon(name))
            if isinstance(settings, Capsule):
                settings = {"queues": list(settings.queues), "concurrency": settings.concurrency}
            if not isinstance(settings, Mapping):
                self._problems.add(here, f"a mapping with queues and concurrency is wanted, this is {_shown(settings)}")
                continue
            for key in settings:
                if key not in {"queues", "concurrency"}:
                    self._problems.unknown_key((*here, key), {"queues", "concurrency"})
            made.append(
                Capsule(
                    without_colon(name),
                    self.queues((*here, "queues"), settings.get("queues", ["default"])),
                    self.number((*here, "concurrency"), settings.get("concurrency", concurrency), least=1),
                )
            )
        return tuple(made)


def _names_and_weights(item: object) -> list[tuple[object, object]]:
    """What an item of ``queues`` says, unchecked; weight 0 where it says none."""
    if isinstance(item, QueueEntry):
        return [(item.name, item.weight)]
    if isinstance(item, str):
        name, comma, weight = item.partition(",")
        weight = weight.strip()
        return [(name, int(weight) if weight.isdecimal() else weight if comma else 0)]
    if isinstance(item, list | tuple) and len(item) in (1, 2):
        return [(item[0], item[1] if len(item) == 2 else 0)]
    if isinstance(item, Mapping) and item:
        return [(without_colon(name), weight) for name, weight in item.items()]
    return [(None, None)]


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'the text "{value}"'
    return "empty" if value is None else f"{value!r}"
