"""The keys of one entry in a schedule file, under the names that four libraries give them, as an `Entry`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jobkit.configuration_file import KeyPath, Problems
from jobkit.recurring.entry import TIMING_KEYS, Entry, Natural

# A key of a file -> the argument of `Entry`; several names for one thing are fine, but only one at a time.
ARGUMENTS = {
    **{"job": "job", "class": "job", "klass": "job"},
    **{"cron": "cron", "schedule": "cron", "every": "every", "at": "at", "in": "in_", "interval": "interval"},
    **{"first_in": "first_in", "first_at": "first_at", "timezone": "timezone"},
    **{"queue": "queue", "priority": "priority", "retry": "retry", "args": "args", "kwargs": "kwargs"},
    **{"date_as_argument": "date_as_argument", "include_metadata": "include_metadata"},
    **{"enabled": "enabled", "status": "enabled", "description": "description", "namespace": "namespace"},
}
# Read here and not handed on, or without a meaning outside of Ruby.
FURTHER_KEYS = {"name", "keyword_argument", "rails_env", "environments", "queue_name_prefix", "queue_name_delimiter"}
FURTHER_KEYS |= {"active_job", "symbolize_args", "source", "command"}
KNOWN = ARGUMENTS.keys() | FURTHER_KEYS
TRUE = {"true", "t", "yes", "y", "1"}
FALSE = {"false", "f", "no", "n", "0"}
TEXTS = ("job", "queue", "timezone", "description", "namespace")


class EntryKeys:
    """What a file says about the entry `name` at `path`; `first_timing_wins` where several say when it runs."""

    def __init__(
        self, name: str, path: KeyPath, values: Mapping[str, object], problems: Problems, first_timing_wins: bool
    ) -> None:
        self._name = name
        self._path = path
        self.values = {key: value for key, value in values.items() if value is not None}
        self._problems = problems
        self._first_timing_wins = first_timing_wins
        self._key_of: dict[str, str] = {}
        self.notes: list[str] = []

    def path_of(self, argument: str) -> KeyPath:
        """Where the file says what became this argument of the entry; the entry itself if it says nothing."""
        key = self._key_of.get("in_" if argument == "in" else argument)
        return self._path if key is None else (*self._path, key)

    def environments(self) -> list[str] | None:
        """The environments that the entry is for; None for all."""
        value = self.values.get("environments", self.values.get("rails_env"))
        if value is None:
            return None
        return [str(name).strip() for name in (value if isinstance(value, list) else str(value).split(","))]

    def entry(self, natural: Natural, trailing_keywords: bool, off: bool) -> Entry | None:
        """The entry; None if it has problems, which are noted then.

        Args:
            trailing_keywords: a mapping that ends the list of arguments is keyword arguments (Solid Queue).
            off: the entry is not enabled, whatever it says itself.

        Raises:
            EntryError: from `Entry`.
        """
        noted = len(self._problems.texts)
        arguments = self._arguments()
        self._first_runs(arguments)
        positional, keywords = self._job_arguments(trailing_keywords)
        arguments |= {"args": positional, "kwargs": keywords}
        arguments["enabled"] = self._enabled(arguments.get("enabled", True)) and not off
        for key in ("date_as_argument", "include_metadata"):
            arguments[key] = self._truth(key, arguments.get(key, False))
        if "queue_name_prefix" in self.values:
            delimiter = self.values.get("queue_name_delimiter") or "_"
            arguments["queue"] = f"{self.values['queue_name_prefix']}{delimiter}{arguments.get('queue', 'default')}"
        self._check(arguments)
        if len(self._problems.texts) > noted:
            return None
        return Entry(self._name, arguments.pop("job"), natural=natural, **arguments)

    def _arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for key, value in self.values.items():
            argument = ARGUMENTS.get(key)
            if key == "command":
                self._add(key, "Ruby code cannot run here; name a job with the key class")
            elif argument is None and key not in KNOWN:
                self._problems.unknown_key((*self._path, key), KNOWN)
            elif argument in arguments:
                self._add(key, f"says the same as {self._key_of[argument]}; keep one of them")
            elif argument is not None:
                arguments[argument] = value
                self._key_of[argument] = key
        if self._first_timing_wins:
            self._keep_first_timing(arguments)
            arguments.setdefault("job", self._name)
        if "job" not in arguments and "command" not in self.values:
            self._problems.add(self._path, "there is no job; name one with the key job (or class)")
        return arguments

    def _keep_first_timing(self, arguments: dict[str, Any]) -> None:
        """sidekiq-scheduler looks for cron, every, at, in, interval in this order, and takes the first."""
        given = [key for key in TIMING_KEYS if ("in_" if key == "in" else key) in arguments]
        for key in given[1:]:
            del arguments["in_" if key == "in" else key]
            self.notes.append(f"{self._name}: {key} is not used, since {given[0]} is there")

    def _first_runs(self, arguments: dict[str, Any]) -> None:
        """``every: ["15m", {first_in: "5m"}]``: the text, and options for it."""
        for argument in ("cron", "every", "at", "in_", "interval"):
            value = arguments.get(argument)
            if not isinstance(value, list):
                continue
            key = self._key_of[argument]
            if not value or len(value) > 2 or (len(value) == 2 and not isinstance(value[1], dict)):
                self._add(key, f"a text, or [text, {{first_in: ...}}] is wanted, this is {value!r}")
                continue
            arguments[argument] = value[0]
            for option, setting in (value[1] if len(value) == 2 else {}).items():
                if option not in ("first_in", "first_at", "first"):
                    self._problems.unknown_key((*self._path, key, 1, option), {"first_in", "first_at", "first"})
                name = "first_in" if option == "first" else option
                arguments[name] = setting
                self._key_of[name] = key

    def _job_arguments(self, trailing_keywords: bool) -> tuple[list[Any], dict[str, Any]]:
        args: Any = self.values.get("args", [])
        kwargs: Any = self.values.get("kwargs", {})
        if not isinstance(kwargs, dict):
            self._add("kwargs", f"a mapping from names to values is wanted, this is {kwargs!r}")
            kwargs = {}
        if isinstance(args, str):
            args = _from_json(args)
        if isinstance(args, dict) and self._truth("keyword_argument", self.values.get("keyword_argument", False)):
            return [], {**args, **kwargs}
        args = args if isinstance(args, list) else [args]
        if trailing_keywords and args and isinstance(args[-1], dict):
            return args[:-1], {**args[-1], **kwargs}
        return args, kwargs

    def _enabled(self, value: object) -> bool:
        if self._key_of.get("enabled") == "status":
            if value not in ("enabled", "disabled"):
                self._add("status", f"enabled or disabled is wanted, this is {value!r}")
            return value == "enabled"
        return self._truth("enabled", value)

    def _truth(self, key: str, value: object) -> bool:
        if isinstance(value, bool):
            return value
        text = str(value).lower()
        if text not in TRUE | FALSE:
            self._add(key, f"true or false is wanted, this is {value!r}")
        return text in TRUE

    def _check(self, arguments: dict[str, Any]) -> None:
        for argument in TEXTS:
            value = arguments.get(argument)
            if value is not None and not isinstance(value, str):
                self._add(self._key_of[argument], f"a text is wanted, this is {value!r}")
        for argument in ("priority", "retry"):
            value = arguments.get(argument)
            fits = isinstance(value, int) and (argument == "retry" or not isinstance(value, bool))
            if value is not None and not fits:
                wanted = "a whole number" + (", true or false" if argument == "retry" else "")
                self._add(self._key_of[argument], f"{wanted} is wanted, this is {value!r}")

    def _add(self, key: str, text: str) -> None:
        self._problems.add((*self._path, key), text)


def _from_json(text: str) -> Any:
    """sidekiq-cron reads a text of arguments as JSON, and takes it as the one argument if it is none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [text]
