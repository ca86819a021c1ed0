"""What kind of value an expression is, with the evidence in words. Names are no evidence; unknown is None."""

from __future__ import annotations

from dataclasses import dataclass

from jobkit_lint.facts.orm import QUERYSET_METHODS, SAVERS, SIGNALS, VIEW_BASES
from jobkit_lint.facts.values import REQUEST_BODIES, VALUES, Kind
from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.index.models import Models, Query
from jobkit_lint.index.names import Names
from jobkit_lint.index.symbols import Class, Function, Origin
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import FunctionCode, own_expressions


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a value is. `what` says it in words (``an Order``); `is_certain` unless an assumption was made."""

    kind: Kind
    what: str
    is_certain: bool = True
    class_: Class | None = None


class Values:
    """Classifies expressions."""

    def __init__(self, names: Names, models: Models) -> None:
        self.names = names
        self.models = models

    def evidence(self, node: e.AnyExpression, scope: Scope, place: Place | None) -> Evidence | None:
        """What the expression is, or None if that cannot be told."""
        match node:
            case e.Lambda():
                return Evidence(Kind.FUNCTION, "a lambda")
            case e.Comprehension(kind="generator"):
                return Evidence(Kind.GENERATOR, "a generator")
            case e.Constant(kind="bytes"):
                return Evidence(Kind.BYTES, "bytes")
            case e.Constant() | e.Text():
                return Evidence(Kind.PLAIN, "a literal")
            case e.Collection(kind="set") | e.Comprehension(kind="set"):
                return Evidence(Kind.SET, "a set")
            case e.Collection(kind="tuple"):
                return Evidence(Kind.TUPLE, "a tuple")
            case e.Conditional():
                return self._either(node.body, node.otherwise, scope, place)
            case e.Await(value=e.Call() as call):
                return self._by_origin(call, scope, place)
            case e.Await(value=value) | e.Assigned(value=value):
                return self.evidence(value, scope, place)
            case e.Name():
                return self._name(node, scope, place)
            case e.Call():
                return self._unfinished(node, scope, place) or self._by_origin(node, scope, place)
            case e.Attribute() | e.Subscript():
                return self._request(node, scope) or self._by_origin(node, scope, place)
            case _:
                return None

    def _unfinished(self, node: e.Call, scope: Scope, place: Place | None) -> Evidence | None:
        """The coroutine or generator that a call of the project's function gives."""
        origin = self.names.origin(node.function, scope, place)
        function = origin.root if origin is not None and not origin.trail else None
        if not isinstance(function, Function) or function.code.decorators:
            return None
        inner = self.names.scope(function)
        expressions = (part for owner in inner.places for part in own_expressions(owner.statement))
        if any(isinstance(part, e.Yield) for expression in expressions for part in e.descend(expression)):
            return Evidence(Kind.GENERATOR, f"the generator of `{function.name}()`")
        if function.code.is_async:
            return Evidence(Kind.COROUTINE, f"the coroutine of `{function.name}()`, which nobody awaits")
        return None

    def _either(
        self, first: e.AnyExpression, second: e.AnyExpression, scope: Scope, place: Place | None
    ) -> Evidence | None:
        found = [self.evidence(node, scope, place) for node in (first, second) if not e.is_constant(node, None)]
        kinds = {one.kind if one is not None else None for one in found}
        return found[0] if len(kinds) == 1 else None

    def _name(self, node: e.Name, scope: Scope, place: Place | None) -> Evidence | None:
        signal = self._signal_receiver(node, scope)
        if signal is not None:
            return signal
        reaching = scope.reaching(node.id, place, node.at) if node.id in scope.bindings else None
        if reaching:
            found: list[Evidence | None] = []
            for binding in reaching:
                if isinstance(binding.definition, FunctionCode):
                    found.append(Evidence(Kind.FUNCTION, f"the nested function `{node.id}`"))
                elif binding.kind == "assign" and binding.index is None and binding.value is not None:
                    if e.is_constant(binding.value, None):
                        continue
                    if not isinstance(binding.value, e.Name) or binding.value.id != node.id:
                        found.append(self.evidence(binding.value, scope, binding.place))
                else:
                    origin = self.names.binding(binding, scope)
                    found.append(self.of_origin(origin) if origin is not None else None)
            first = found[0] if found else None
            if first is not None and all(one is not None and one.kind == first.kind for one in found):
                return first
            return None
        return self._by_origin(node, scope, place)

    def _by_origin(self, node: e.AnyExpression, scope: Scope, place: Place | None) -> Evidence | None:
        query = self._session_query(node, scope, place)
        if query is not None:
            return query
        origin = self.names.origin(node, scope, place)
        found = self.of_origin(origin) if origin is not None else None
        if found is None and isinstance(node, e.Call) and isinstance(node.function, e.Attribute):
            return self._by_method(node, node.function, scope, place)
        return found

    def of_origin(self, origin: Origin) -> Evidence | None:
        """What a value of that origin is."""
        query = self.models.query(origin)
        if query is not None:
            return _of_query(query)
        for path in self.names.paths(origin):
            kind = VALUES.get(path)
            if kind is not None:
                return Evidence(kind, _a(path))
        root = origin.root
        if isinstance(root, Function) and not origin.trail and root.outer is not None:
            return Evidence(Kind.FUNCTION, f"the nested function `{root.name}`")
        if isinstance(root, Class):
            return self._of_class(root, origin)
        return None

    def _of_class(self, class_: Class, origin: Origin) -> Evidence | None:
        external = [base for base in self.names.lineage(class_) if isinstance(base, str)]
        for base in external:
            for method in SAVERS.get(base, ()):
                if origin.trail == ("()", method, "()"):
                    return Evidence(Kind.RECORD, f"what `{class_.name}.{method}()` saved")
            if base in SAVERS and origin.trail == ("()", "instance"):
                return Evidence(Kind.RECORD, f"the instance of `{class_.name}`")
            if VIEW_BASES.fullmatch(base) and origin.trail in (("()", "get_object", "()"), ("()", "object")):
                return Evidence(Kind.RECORD, "the object of the view")
            if base.startswith("rest_framework.serializers.") and origin.trail == ("()", "data"):
                return Evidence(Kind.PAYLOAD, f"the data of `{class_.name}`")
            if base.startswith("pydantic.") and origin.trail[-2:] in (
                ("model_dump", "()"),
                ("model_dump_json", "()"),
                ("dict", "()"),
            ):
                return Evidence(Kind.PAYLOAD, f"a dump of `{class_.name}`")
        if origin.trail == ("()",):
            if any(base.startswith("enum.") for base in external):
                return Evidence(Kind.ENUM, f"a `{class_.name}`", class_=class_)
            return Evidence(Kind.OBJECT, f"an instance of `{class_.name}`", class_=class_)
        is_member = len(origin.trail) == 1 and origin.trail[0] in class_.code.attributes
        if is_member and any(base.startswith("enum.") for base in external):
            return Evidence(Kind.ENUM, f"a member of `{class_.name}`", class_=class_)
        return None

    def _by_method(self, node: e.Call, function: e.Attribute, scope: Scope, place: Place | None) -> Evidence | None:
        """Dict views, and reading a file whose opening is known."""
        if function.name in ("keys", "values", "items") and not node.arguments and not node.keywords:
            if isinstance(function.value, e.Mapping):
                return Evidence(Kind.LAZY, f"a view of a dict (`.{function.name}()`)")
            return None
        if function.name in ("read", "readlines", "getvalue") and not node.arguments:
            held = self.evidence(function.value, scope, place)
            if held is not None and held.kind in (Kind.FILE, Kind.BUFFER):
                return Evidence(Kind.PAYLOAD, "the content of a file")
            if isinstance(function.value, e.Subscript) and _is_request_files(function.value):
                return Evidence(Kind.PAYLOAD, "an uploaded file")
        if function.name in ("decode", "encode", "hex", "strip") and not isinstance(function.value, e.Name):
            held = self.evidence(function.value, scope, place)
            return held if held is not None and held.kind == Kind.PAYLOAD else None
        return None

    def _session_query(self, node: e.AnyExpression, scope: Scope, place: Place | None) -> Evidence | None:
        """A record by SQLAlchemy's session: ``get(Model, 1)``, ``query(Model).first()``, ``scalar(select(Model))``."""
        if not isinstance(node, e.Call) or not isinstance(node.function, e.Attribute):
            return None
        last = node.function.name
        if last in ("get", "get_one", "merge", "scalar") and node.arguments:
            target = node.arguments[0]
            if last == "scalar":
                target = _selected(target) or target
            return self._record_of(target, scope, place)
        chain = _selected(node)
        if chain is not None and last in ("first", "one", "one_or_none", "get", "scalar_one", "scalar_one_or_none"):
            return self._record_of(chain, scope, place)
        if chain is not None and (last in QUERYSET_METHODS or last == "query") and last != "all":
            found = self._record_of(chain, scope, place)
            return Evidence(Kind.RECORDS, f"a query over {found.what}", class_=found.class_) if found else None
        return None

    def _record_of(self, target: e.AnyExpression, scope: Scope, place: Place | None) -> Evidence | None:
        if not isinstance(target, e.Name | e.Attribute):
            return None
        origin = self.names.origin(target, scope, place)
        if origin is None or not isinstance(origin.root, Class) or origin.trail:
            return None
        model = self.models.of_class(origin.root)
        if model is None or model.mapper == "django":
            return None
        return Evidence(Kind.RECORD, f"a record of `{model.name}`", class_=model.class_)

    def _request(self, node: e.AnyExpression, scope: Scope) -> Evidence | None:
        """``request.user`` and the bodies of a request, where ``request`` is a parameter or the view's own."""
        if not isinstance(node, e.Attribute):
            return None
        base = node.value
        is_view = isinstance(base, e.Attribute) and base.name == "request" and e.dotted(base) == "self.request"
        is_parameter = isinstance(base, e.Name) and base.id == "request" and base.id in scope.parameters
        if not is_view and not is_parameter:
            return None
        if node.name == "user":
            return Evidence(Kind.RECORD, "the user of the request")
        if node.name in REQUEST_BODIES:
            return Evidence(Kind.PAYLOAD, f"the body of a request (`{e.dotted(node)}`)")
        return None

    def _signal_receiver(self, node: e.Name, scope: Scope) -> Evidence | None:
        function = scope.function
        if node.id != "instance" or function is None or "instance" not in scope.parameters:
            return None
        if node.id in scope.bindings:
            return None
        top = self.names.module_scope(scope.module)
        for decorator in function.code.decorators:
            if isinstance(decorator, e.Call) and decorator.arguments:
                signals = decorator.arguments[0]
                items = signals.items if isinstance(signals, e.Collection) else (signals,)
                for item in items:
                    origin = self.names.origin(item, top, None)
                    if origin is not None and origin.path in SIGNALS:
                        return Evidence(Kind.RECORD, "the instance that the signal is about")
        return None


def _of_query(query: Query) -> Evidence | None:
    name = query.model.name
    if query.state in ("record", "related"):
        what = f"a record of `{name}`" if query.state == "record" else f"a record related to `{name}`"
        if name == "record":
            what = "a record that was looked up"
        return Evidence(Kind.RECORD, what, query.is_sure, query.model.class_)
    if query.state == "records":
        return Evidence(Kind.RECORDS, f"a query over `{name}`", query.is_sure)
    if query.state == "rows":
        return Evidence(Kind.PLAIN_ROWS, f"rows of `{name}`", query.is_sure)
    return Evidence(Kind.PLAIN, "a plain value") if query.state == "scalar" else None


def _selected(node: e.AnyExpression) -> e.AnyExpression | None:
    """The model in ``session.query(Model).filter(...)`` or ``select(Model).where(...)``."""
    current = node
    while isinstance(current, e.Call):
        function = current.function
        name = function.name if isinstance(function, e.Attribute) else e.dotted(function)
        if name in ("query", "select") and current.arguments:
            return current.arguments[0]
        if name in ("execute", "scalars") and current.arguments:
            return _selected(current.arguments[0])
        current = function.value if isinstance(function, e.Attribute) else e.Opaque(node.at)
    return None


def _is_request_files(node: e.Subscript) -> bool:
    return isinstance(node.value, e.Attribute) and node.value.name == "FILES"


def _a(path: str) -> str:
    if path.startswith(("builtins.open", "pathlib.Path")) and ".read" in path:
        return "the content of a file"
    name = path.removeprefix("builtins.")
    return f"`{name}`"
