"""Conditions on stored state: whether a test can tell a second run from the first.

A test of an argument or a setting cannot: it has the same outcome each time. A test of a row, a status, a
cache entry, a row count can. A test of something unknown counts as one, for unknown is silence.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobkit_lint.facts.orm import PAIR_METHODS
from jobkit_lint.facts.values import Kind
from jobkit_lint.facts.words import CLAIM_WORDS, says_state
from jobkit_lint.flow.evidence import Values
from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Binding, Scope
from jobkit_lint.index.names import Names
from jobkit_lint.index.symbols import Function, Module, Variable
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import AnyStatement, Assign, For, own_expressions

MAX_DEPTH = 4
# methods whose answer depends on what is stored; those of the second set write it as well
READS = frozenset(
    {
        "exists", "aexists", "count", "acount", "contains", "sismember", "hexists", "hget", "has_key", "is_file",
        "is_dir", "getmtime", "isfile", "isdir", "lexists", "zscore", "zrank",
    }
)  # fmt: skip
CLAIMS = frozenset({"setnx", "hsetnx", "acquire", "incr", "decr", "sadd", "getset", "update", "aupdate", "add"})
# functions that only look at the value they get
PURE = frozenset(
    {
        "isinstance", "issubclass", "len", "bool", "int", "str", "float", "any", "all", "hasattr", "callable",
        "min", "max", "sum", "abs", "getattr", "list", "set", "tuple", "dict", "type", "sorted", "round",
        "startswith", "endswith", "lower", "upper", "strip", "isdigit", "get", "keys", "values", "items",
    }
)  # fmt: skip
LOOKUPS = frozenset({"get", "aget", "filter", "exclude", "get_object_or_404", "first", "filter_by", "get_or_none"})
ABSENCE = frozenset({"exists", "aexists", "count", "acount", "first", "afirst", "last", "get_or_none", "one_or_none"})


@dataclass(frozen=True, slots=True)
class State:
    """A piece of stored state that a condition asks for, in words. `is_claim`: asking for it writes it too."""

    what: str
    is_claim: bool = False


class States:
    """Finds the state behind conditions."""

    def __init__(self, names: Names, values: Values) -> None:
        self.names = names
        self.values = values

    def of_test(
        self, node: e.AnyExpression, is_true: bool, scope: Scope, place: Place | None, depth: int = 0
    ) -> State | None:
        """The state that the condition depends on, if it can keep a second run out. `is_true`: how it must be."""
        if depth > MAX_DEPTH:
            return None
        match node:
            case e.Operation(operators=("not",), operands=(operand,)):
                return self.of_test(operand, not is_true, scope, place, depth)
            case e.Operation(operators=(("and" | "or"), *_), operands=operands):
                found = [self.of_test(operand, is_true, scope, place, depth) for operand in operands]
                return next((state for state in found if state is not None), None)
            case e.Operation(operators=operators, operands=operands):
                return self._comparison(operators, operands, is_true, scope, place, depth)
            case e.Call():
                return self._call(node, is_true, scope, place, depth)
            case e.Attribute():
                return self._attribute(node, scope, place)
            case e.Name():
                return self._name(node, is_true, scope, place, depth)
            case e.Await(value=value) | e.Assigned(value=value):
                return self.of_test(value, is_true, scope, place, depth)
            case e.Subscript(value=value, index=index):
                word = e.literal_text(index)
                if word is not None and says_state(word):
                    return State(f"`[{word!r}]` is tested")
                return self.of_test(value, is_true, scope, place, depth + 1)
            case _:
                return None

    def _comparison(
        self,
        operators: tuple[str, ...],
        operands: tuple[e.AnyExpression, ...],
        is_true: bool,
        scope: Scope,
        place: Place | None,
        depth: int,
    ) -> State | None:
        if (operators == ("not in",) and is_true) or (operators == ("in",) and not is_true):
            known = self._collected(operands[1], scope, place)
            if known is not None:
                return State(f"{known} are left out")
        against_none = any(e.is_constant(operand, None, 0) for operand in operands)
        for operand in operands:
            if isinstance(operand, e.Constant):
                continue
            truth = is_true
            if against_none and operators[0] in ("is", "==", "<", "<="):
                truth = not is_true
            found = self.of_test(operand, truth, scope, place, depth + 1)
            if found is not None:
                return found
        return None

    def _collected(self, node: e.AnyExpression, scope: Scope, place: Place | None) -> str | None:
        """The rows that a collection was made of, in words: ``set(query)``, ``{row.pk: row for row in query}``."""
        for _ in range(MAX_DEPTH):
            found = self.values.evidence(node, scope, place)
            if found is not None and found.kind in (Kind.RECORDS, Kind.PLAIN_ROWS):
                return found.what
            match node:
                case e.Call(arguments=(first, *_)) if (e.dotted(node.function) or "") in PURE:
                    node = first
                case e.Comprehension(generators=(generator, *_)):
                    node = generator.iterable
                case e.Name() if node.id in scope.bindings:
                    reaching = scope.reaching(node.id, place, node.at) or []
                    if len(reaching) != 1 or reaching[0].value is None or reaching[0].kind != "assign":
                        return None
                    node, place = reaching[0].value, reaching[0].place
                case _:
                    return None
        return None

    def _call(self, node: e.Call, is_true: bool, scope: Scope, place: Place | None, depth: int) -> State | None:
        function = node.function
        name = function.name if isinstance(function, e.Attribute) else e.dotted(function) or ""
        shown = f"`{e.dotted(function) or '...' + name}()`"
        if CLAIM_WORDS.search(name):
            return State(f"{shown} is tested", is_claim=True)
        if name in CLAIMS and isinstance(function, e.Attribute):
            return State(f"the answer of {shown} is tested", is_claim=True)
        if name == "set" and isinstance(function, e.Attribute) and node.keyword("nx") is not None:
            return State(f"the answer of {shown} is tested", is_claim=True)
        if narrowing(node) is not None:
            return State(f"{narrowing(node)} is looked up")
        if name in ABSENCE and isinstance(function, e.Attribute) and node is not function.value:
            # a row that must be there is an input; a row that must be missing is a guard
            return State(f"{shown} is tested") if not is_true else None
        if name in READS:
            return State(f"{shown} is tested")
        if name == "getattr" and len(node.arguments) >= 2:
            word = e.literal_text(node.arguments[1])
            return State(f"`{word}` is tested") if word is not None and says_state(word) else None
        if name == "hasattr" and node.arguments:
            of_row = self.values.evidence(node.arguments[0], scope, place)
            return State(f"{shown} is tested") if of_row is not None and of_row.kind == Kind.RECORD else None
        if name == "get" and isinstance(function, e.Attribute) and self._is_cache(function.value, scope, place):
            return State(f"{shown} is tested")
        if name in PURE:
            inner = [*node.arguments, *([function.value] if isinstance(function, e.Attribute) else [])]
            found = [self.of_test(argument, is_true, scope, place, depth + 1) for argument in inner]
            return next((state for state in found if state is not None), None)
        return self._of_function(node, shown, scope, place, depth)

    def _is_cache(self, node: e.AnyExpression, scope: Scope, place: Place | None) -> bool:
        origin = self.names.origin(node, scope, place)
        path = origin.path if origin is not None else ""
        return path.startswith(
            ("django.core.cache", "redis.", "cachetools", "flask_caching", "aiocache", "django_redis")
        )

    def _of_function(self, node: e.Call, shown: str, scope: Scope, place: Place | None, depth: int) -> State | None:
        """A function of the project is looked into; one that is not known counts as a test of state."""
        origin = self.names.origin(node.function, scope, place)
        if origin is not None and isinstance(origin.root, str):
            library = origin.path.partition(".")[0]
            if library in ("builtins", "math", "re", "json", "datetime", "typing", "operator", "inspect"):
                return None
            if origin.path.startswith(("django.conf", "django.utils", "waffle", "constance")):
                return None
            return State(f"{shown} is tested")
        if origin is None or not isinstance(origin.root, Function) or origin.trail:
            return State(f"{shown} is tested")
        inner = self.names.scope(origin.root)
        for step in inner.steps:
            name = step.call.function.name if isinstance(step.call.function, e.Attribute) else ""
            if name in READS | CLAIMS | PAIR_METHODS | LOOKUPS - {"get"} or narrowing(step.call) is not None:
                return State(f"{shown} asks what is stored", is_claim=name in CLAIMS | PAIR_METHODS)
        for statement_place in inner.places:
            for expression in own_expressions(statement_place.statement):
                for part in e.descend(expression):
                    if isinstance(part, e.Attribute) and says_state(part.name):
                        return State(f"{shown} asks what is stored")
        if depth < MAX_DEPTH - 2 and any(self._calls_unknown(step.call, inner, step.place) for step in inner.steps):
            return State(f"{shown} is tested")
        return None

    def _calls_unknown(self, call: e.Call, scope: Scope, place: Place) -> bool:
        if (e.dotted(call.function) or "").rpartition(".")[2] in PURE:
            return False
        return self.names.origin(call.function, scope, place) is None

    def _attribute(self, node: e.Attribute, scope: Scope, place: Place | None) -> State | None:
        if node.name in ("pk", "id", "adding") and (e.dotted(node) or "").startswith("self."):
            return State("only a new row gets there")
        if says_state(node.name):
            origin = self.names.origin(node, scope, place)
            if origin is not None and isinstance(origin.root, Module | Variable):
                return None
            if origin is not None and isinstance(origin.root, str) and origin.path.startswith("django.conf"):
                return None
            return State(f"`{e.dotted(node) or node.name}` is tested")
        base = e.dotted(node.value)
        if base is not None and is_written(node.name, base, scope):
            return State(f"`{base}.{node.name}` is tested and written")
        origin = self.names.origin(node, scope, place)
        if origin is not None and isinstance(origin.root, Function):
            return State(f"`{e.dotted(node) or node.name}` is tested")
        return None

    def _name(self, node: e.Name, is_true: bool, scope: Scope, place: Place | None, depth: int) -> State | None:
        if node.id not in scope.bindings:
            return None
        for binding in scope.reaching(node.id, place, node.at) or ():
            found = self._binding(binding, is_true, scope, depth)
            if found is not None:
                return found
        return None

    def _binding(self, binding: Binding, is_true: bool, scope: Scope, depth: int) -> State | None:
        if binding.value is None or binding.kind not in ("assign", "element"):
            return None
        value = binding.value.value if isinstance(binding.value, e.Await) else binding.value
        if isinstance(value, e.Call) and isinstance(value.function, e.Attribute):
            name = value.function.name
            if name in PAIR_METHODS and binding.index == 1:
                return State(f"`{binding.name}` of `{name}()` is tested", is_claim=True)
            if name == "get" and not self._is_cache(value.function.value, scope, binding.place):
                return State(f"{narrowing(value)} is looked up") if narrowing(value) is not None else None
            if name in ABSENCE or name in LOOKUPS:
                if narrowing(value) is not None:
                    return State(f"{narrowing(value)} is looked up")
                return State(f"`{binding.name}` is tested") if not is_true else None
        if isinstance(value, e.Constant | e.Text | e.Collection | e.Mapping | e.Lambda):
            return None
        return self.of_test(value, is_true, scope, binding.place, depth + 1)

    def narrowed(self, statement: AnyStatement) -> str | None:
        """What a statement looks up by its state (``get(pk=1, sent=False)``), in words."""
        values: tuple[e.AnyExpression | None, ...] = ()
        if isinstance(statement, Assign):
            values = (statement.value,)
        elif isinstance(statement, For):
            values = (statement.iterable,)
        for value in values:
            if value is None:
                continue
            for part in e.descend(value):
                found = narrowing(part) if isinstance(part, e.Call) else None
                if found is not None:
                    return found
        return None


def narrowing(node: e.AnyExpression) -> str | None:
    """The condition on state in a lookup, in words: ``filter(sent=False)``, ``exclude(status="paid")``; else None."""
    current: e.AnyExpression = node
    while isinstance(current, e.Call):
        function = current.function
        name = function.name if isinstance(function, e.Attribute) else (e.dotted(function) or "")
        if name in LOOKUPS:
            for word in current.keywords:
                if word.name is not None and says_state(word.name.partition("__")[0]):
                    return f"`{name}({word.name}=...)`"
            for argument in current.arguments:
                for part in e.descend(argument):
                    if isinstance(part, e.Call) and (e.dotted(part.function) or "").rpartition(".")[2] == "Q":
                        for word in part.keywords:
                            if word.name is not None and says_state(word.name.partition("__")[0]):
                                return f"`Q({word.name}=...)`"
        if name in ("where", "filter") and any(_has_state(argument) for argument in current.arguments):
            return f"`{name}()` by state"
        current = function.value if isinstance(function, e.Attribute) else e.Opaque(node.at)
    return None


def _has_state(node: e.AnyExpression) -> bool:
    return any(isinstance(part, e.Attribute) and says_state(part.name) for part in e.descend(node))


def is_written(field: str, base: str, scope: Scope) -> bool:
    """Whether the function assigns ``base.field``."""
    for place in scope.places:
        if isinstance(place.statement, Assign):
            for target in place.statement.targets:
                if isinstance(target, e.Attribute) and target.name == field and e.dotted(target.value) == base:
                    return True
    return False
