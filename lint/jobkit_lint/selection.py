"""Which rules run: presets, codes, beginnings of codes, names and groups, as the user gave them."""

from __future__ import annotations

from collections.abc import Sequence

from jobkit_lint.config import nearest
from jobkit_lint.errors import UsageError
from jobkit_lint.rules.base import Default, Rule
from jobkit_lint.rules.registry import all_rules, group_of

PRESETS = ("recommended", "strict", "all")


def chosen_rules(
    select: Sequence[str] | None, extend_select: Sequence[str], ignore: Sequence[str], preview: bool
) -> tuple[type[Rule], ...]:
    """The rules to run, by code. Raises `UsageError` for a word that names no rule."""
    wanted: set[type[Rule]] = set()
    for word in select if select is not None else ("recommended",):
        wanted |= rules_named(word, preview)
    for word in extend_select:
        wanted |= rules_named(word, preview)
    for word in ignore:
        wanted -= rules_named(word, True)
    return tuple(rule for rule in all_rules() if rule in wanted)


def rules_named(word: str, preview: bool) -> set[type[Rule]]:
    """The rules that a word names: a code, its beginning (``JK2``), a name, a group or a preset.

    Rules in preview are left out unless `preview`. Raises `UsageError` with the nearest word there is.
    """
    known = all_rules()
    if word.lower() in PRESETS:
        levels = {
            "recommended": (Default.ON,),
            "strict": (Default.ON, Default.STRICT),
            "all": tuple(Default),
        }[word.lower()]
        return {rule for rule in known if rule.default in levels or (preview and rule.default == Default.PREVIEW)}
    found = {
        rule
        for rule in known
        if rule.code.startswith(word.upper()) or rule.name == word.lower() or group_of(rule) == word.lower()
    }
    if not found or not word:
        words = {*PRESETS, *(rule.code for rule in known), *(rule.name for rule in known), *map(group_of, known)}
        raise UsageError(f"{word!r} names no rule: {nearest(word, words)}")
    return {rule for rule in found if preview or rule.default != Default.PREVIEW}
