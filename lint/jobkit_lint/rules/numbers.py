"""Numbers that can be read off the source: literals, arithmetic, names of constants, durations in seconds."""

from __future__ import annotations

from jobkit_lint.analysis import Analysis
from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.symbols import Variable
from jobkit_lint.tree import expressions as e

SECONDS = {
    "weeks": 604_800.0, "days": 86_400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0, "milliseconds": 0.001,
}  # fmt: skip
NOW = frozenset(
    {
        "datetime.datetime.now", "datetime.datetime.utcnow", "django.utils.timezone.now", "datetime.datetime.today",
        "django.utils.timezone.localtime",
    }
)  # fmt: skip
MAX_DEPTH = 5


def number_of(
    node: e.AnyExpression | None, scope: Scope, place: Place | None, analysis: Analysis, depth: int = 0
) -> float | None:
    """The number that an expression is; of a ``timedelta`` its seconds. None if it cannot be told."""
    if node is None or depth > MAX_DEPTH:
        return None
    match node:
        case e.Constant(kind="int" | "float", value=value) if isinstance(value, int | float):
            return float(value)
        case e.Operation(operators=("-",), operands=(only,)):
            number = number_of(only, scope, place, analysis, depth + 1)
            return -number if number is not None else None
        case e.Operation(operators=operators, operands=operands) if len(operators) == len(operands) - 1:
            numbers = [number_of(operand, scope, place, analysis, depth + 1) for operand in operands]
            return _computed(operators, numbers)
        case e.Call(arguments=(), keywords=words) if words and _is(node, "datetime.timedelta", scope, place, analysis):
            parts = [
                (SECONDS.get(word.name or ""), number_of(word.value, scope, place, analysis, depth + 1))
                for word in words
            ]
            if any(unit is None or number is None for unit, number in parts):
                return None
            return sum((unit or 0) * (number or 0) for unit, number in parts)
        case e.Name(id=name) if name in scope.bindings and name not in scope.parameters:
            reaching = scope.reaching(name, place, node.at) or []
            if len(reaching) == 1 and reaching[0].kind == "assign" and reaching[0].index is None:
                return number_of(reaching[0].value, scope, reaching[0].place, analysis, depth + 1)
            return None
        case e.Name() | e.Attribute():
            origin = analysis.origin(node, scope, place)
            if origin is not None and isinstance(origin.root, Variable) and not origin.trail:
                top = analysis.module_scope(origin.root.module)
                return number_of(origin.root.value, top, None, analysis, depth + 1)
            return None
        case _:
            return None


def seconds_from_now(node: e.AnyExpression, scope: Scope, place: Place | None, analysis: Analysis) -> float | None:
    """How many seconds a time such as ``now() + timedelta(hours=2)`` lies ahead, or None."""
    match node:
        case e.Operation(operators=("+",), operands=(first, second)):
            for moment, span in ((first, second), (second, first)):
                if isinstance(moment, e.Call) and NOW & set(analysis.paths(moment.function, scope, place)):
                    return number_of(span, scope, place, analysis)
            return None
        case e.Name(id=name) if name in scope.bindings:
            reaching = scope.reaching(name, place, node.at) or []
            value = reaching[0].value if len(reaching) == 1 and reaching[0].kind == "assign" else None
            is_other = value is not None and not isinstance(value, e.Name)
            return seconds_from_now(value, scope, reaching[0].place, analysis) if value and is_other else None
        case _:
            return None


def _computed(operators: tuple[str, ...], numbers: list[float | None]) -> float | None:
    total = numbers[0]
    for operator, number in zip(operators, numbers[1:], strict=True):
        if total is None or number is None:
            return None
        match operator:
            case "+":
                total += number
            case "-":
                total -= number
            case "*":
                total *= number
            case "/" if number:
                total /= number
            case _:
                return None
    return total


def _is(call: e.Call, path: str, scope: Scope, place: Place | None, analysis: Analysis) -> bool:
    return path in analysis.paths(call.function, scope, place)
