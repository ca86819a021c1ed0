"""The settings of each file: those of the nearest ``pyproject.toml`` with a table, where a run spans several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from jobkit_lint import config
from jobkit_lint.rules.base import Rule
from jobkit_lint.selection import chosen_rules
from jobkit_lint.settings import Settings


@dataclass(frozen=True)
class Choice:
    """What the command line says about rules; it goes before the settings of every file."""

    select: Sequence[str] | None = None
    extend_select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    preview: bool = False
    pedantic: bool = False

    def rules(self, settings: Settings) -> tuple[type[Rule], ...]:
        """The rules that run with these settings."""
        return chosen_rules(
            self.select if self.select is not None else settings.select,
            [*settings.extend_select, *self.extend_select],
            [*settings.ignore, *self.ignore],
            self.preview or settings.preview,
        )


@dataclass(frozen=True)
class _Regime:
    settings: Settings
    codes: frozenset[str] | None


class NestedSettings:
    """Settings by file. What tells of the whole program (house wrappers, facts, limits) is that of `top`.

    A configuration file below `folder`, where that of `top` is, decides for the files below it which rules run,
    ``per-file-ignores`` and ``pedantic``. Without `choice` (``--config``, ``--isolated``, examples) only `top` counts.
    """

    def __init__(self, top: Settings, choice: Choice | None = None, folder: Path | None = None) -> None:
        self.top = top
        self.choice = choice
        chosen = choice.rules(top) if choice is not None else ()
        self._top = _Regime(top, frozenset(rule.code for rule in chosen) if choice is not None else None)
        self._by_folder: dict[Path, _Regime] = {}
        if folder is not None:
            self._by_folder[folder.resolve()] = self._top

    def of(self, shown: str) -> Settings:
        """The settings of a file, by its path as it is shown."""
        return self._regime(shown).settings

    def runs(self, code: str, shown: str) -> bool:
        """Whether the settings of a file choose a rule, of those that run anywhere."""
        codes = self._regime(shown).codes
        return codes is None or code in codes

    def rules(self, folders: Iterable[Path]) -> set[type[Rule]]:
        """The rules that the settings of any of these folders choose, less those of `top`."""
        found: set[type[Rule]] = set()
        if self.choice is not None:
            for folder in folders:
                regime = self._in(folder)
                if regime is not self._top:
                    found |= set(self.choice.rules(regime.settings))
        return found

    def _regime(self, shown: str) -> _Regime:
        return self._top if self.choice is None else self._in(Path(shown).resolve().parent)

    def _in(self, folder: Path) -> _Regime:
        known = self._by_folder.get(folder)
        if known is None:
            known = self._by_folder[folder] = self._read(folder)
        return known

    def _read(self, folder: Path) -> _Regime:
        settings = config.settings_in(folder)
        if settings is None or self.choice is None:
            return self._in(folder.parent) if folder.parent != folder else self._top
        codes = frozenset(rule.code for rule in self.choice.rules(settings))
        return _Regime(replace(settings, pedantic=settings.pedantic or self.choice.pedantic), codes)
