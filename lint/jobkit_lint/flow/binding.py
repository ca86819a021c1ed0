"""Whether the arguments of an enqueue call fit the signature of the job, as Python would bind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobkit_lint.index.arguments import Argument
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Parameter

_INJECTED = ("Depends", "Context", "TaskiqDepends", "Inject", "Provide")


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit: `what` in words; `unknown` are keywords that are no parameters; `missing` parameters."""

    what: str
    unknown: tuple[Argument, ...] = ()
    missing: tuple[str, ...] = ()


def misfit(parameters: Sequence[Parameter], arguments: Sequence[Argument], leading: int = 0) -> Misfit | None:
    """Binds `leading` unseen values and then `arguments`; None if they fit."""
    in_order = [part for part in parameters if part.kind in ("positional", "normal")]
    takes_more = any(part.kind == "star" for part in parameters)
    takes_words = any(part.kind == "doublestar" for part in parameters)
    positional = leading + sum(argument.position is not None for argument in arguments)
    words = [argument for argument in arguments if argument.keyword is not None]
    named = {part.name for part in parameters if part.kind in ("normal", "keyword")}
    if positional > len(in_order) and not takes_more:
        return Misfit(f"it takes {_count(len(in_order), 'argument')} by position, and gets {positional}")
    unknown = tuple(argument for argument in words if argument.keyword not in named)
    if unknown and not takes_words:
        names = ", ".join(f"`{argument.keyword}`" for argument in unknown)
        return Misfit(f"it has no parameter {names}", unknown=unknown)
    filled = {part.name for part in in_order[:positional]}
    twice = [argument.keyword for argument in words if argument.keyword in filled & named]
    if twice:
        return Misfit(f"`{twice[0]}` is given twice, by position and by name")
    given = filled | {argument.keyword for argument in words}
    missing = tuple(
        part.name
        for part in parameters
        if part.kind not in ("star", "doublestar")
        and part.default is None
        and part.name not in given
        and not is_injected(part)
    )
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        return Misfit(f"{names} {'is' if len(missing) == 1 else 'are'} missing", missing=missing)
    return None


def is_injected(parameter: Parameter) -> bool:
    """Whether the worker fills the parameter in: its annotation says that it is a dependency."""
    if parameter.annotation is None:
        return False
    for part in e.descend(parameter.annotation):
        called = part.function if isinstance(part, e.Call) else part
        if (e.dotted(called) or "").rpartition(".")[2] in _INJECTED:
            return True
    return False


def signature(parameters: Sequence[Parameter]) -> str:
    """The parameters as a reader writes them: ``pk, when=...``."""
    shown: list[str] = []
    for part in parameters:
        stars = {"star": "*", "doublestar": "**"}.get(part.kind, "")
        if part.kind == "keyword" and "*" not in shown and not any(one.startswith("*") for one in shown):
            shown.append("*")
        shown.append(f"{stars}{part.name}{'=...' if part.default is not None else ''}")
    return ", ".join(shown)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
