"""What an expression means: resolves names, attributes, calls and local values to their origin.

Unknown is None. A value that may be one of several things has no origin, unless all of them agree.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as MappingABC

from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Binding, Scope
from jobkit_lint.index.project import Project
from jobkit_lint.index.symbols import Class, Function, Module, Origin, Variable
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import ClassCode, FunctionCode, Parameter, Return

MAX_DEPTH = 8
CAST = frozenset({"typing.cast", "typing_extensions.cast"})
PARTIAL = frozenset({"functools.partial", "functools.partialmethod"})
WRAPPERS = frozenset({"typing.Optional", "typing.Annotated", "typing.Final", "typing.ClassVar"})
PROPERTIES = frozenset(
    {"property", "cached_property", "functools.cached_property", "django.utils.functional.cached_property"}
)


class Names:
    """Resolves expressions of a project. `aliases` maps external paths to the spelling used in the data.

    `transparent` are functions whose result stands for their first argument, as that of ``partial`` does.
    """

    def __init__(self, project: Project, aliases: MappingABC[str, str], transparent: Collection[str] = ()) -> None:
        self.project = project
        self.aliases = aliases
        self.transparent = frozenset(transparent) | PARTIAL
        self._nested: dict[int, Function] = {}
        self._module_scopes: dict[Module, Scope] = {}
        self._function_scopes: dict[int, Scope] = {}
        self._returns: dict[Function, Origin | None] = {}
        self._origins: dict[int, tuple[e.AnyExpression, Origin | None]] = {}
        self._bindings: dict[int, tuple[int, Origin | None, Binding]] = {}
        self._lineages: dict[Class, tuple[Class | str, ...]] = {}

    # -- scopes ---------------------------------------------------------------------------------------

    def module_scope(self, module: Module) -> Scope:
        """The scope of a module's top."""
        if module not in self._module_scopes:
            self._module_scopes[module] = Scope(module, None, module.summary.body, None)
        return self._module_scopes[module]

    def scope(self, function: Function) -> Scope:
        """The scope of a function, with its body."""
        key = id(function.code)
        if key not in self._function_scopes:
            code = self.project.code(function)
            parent = self.scope(function.outer) if function.outer else self.module_scope(function.module)
            self._function_scopes[key] = Scope(function.module, function, code.body or (), parent)
        return self._function_scopes[key]

    # -- expressions ----------------------------------------------------------------------------------

    def origin(self, node: e.AnyExpression, scope: Scope, place: Place | None, depth: int = 0) -> Origin | None:
        """Where the value of an expression comes from, or None."""
        if depth:
            return self._origin(node, scope, place, depth)
        key = id(node)
        if key not in self._origins:
            # the node is kept with the answer, so that no other can get its id
            self._origins[key] = (node, self._origin(node, scope, place, 0))
        return self._origins[key][1]

    def _origin(self, node: e.AnyExpression, scope: Scope, place: Place | None, depth: int) -> Origin | None:
        if depth > MAX_DEPTH:
            return None
        match node:
            case e.Name():
                return self.name(node.id, node.at, scope, place, depth)
            case e.Attribute():
                base = self.origin(node.value, scope, place, depth)
                return self.attribute(base, node.name, depth) if base is not None else None
            case e.Call():
                return self._call(node, scope, place, depth)
            case e.Await(value=value):
                return self.origin(value, scope, place, depth)
            case e.Subscript():
                base = self.origin(node.value, scope, place, depth)
                step = "[:]" if isinstance(node.index, e.Slice) else "[]"
                return base.step(step) if base is not None else None
            case e.Assigned(value=value):
                return self.origin(value, scope, place, depth)
            case e.Constant(kind=kind) if kind not in ("None", "ellipsis"):
                return Origin(f"builtins.{kind}()")
            case e.Text():
                return Origin("builtins.str()")
            case _:
                return None

    def name(self, name: str, at: e.At | None, scope: Scope, place: Place | None, depth: int = 0) -> Origin | None:
        """What a bare name means at a place."""
        current: Scope | None = scope
        here = place
        while current is not None:
            if current.function is not None or current.binds(name):
                found = self._local(name, at if current is scope else None, current, here, depth)
                if found is not None:
                    return found
                if current.binds(name) and (current.function is not None):
                    return None
            here = None
            current = current.parent
        found = self.project.member(scope.module, name)
        if found is not None:
            return self._variable(found, depth)
        return self._canonical(Origin(f"builtins.{name}"))

    def _local(self, name: str, at: e.At | None, scope: Scope, place: Place | None, depth: int) -> Origin | None:
        if scope.function is None and name in scope.module.summary.variables:
            return None
        if scope.binds(name):
            reaching = scope.reaching(name, place, at) if name in scope.bindings else None
            if reaching is None and name in scope.parameters:
                return self._parameter(scope.parameters[name], scope, depth)
            if reaching:
                origins = [self.binding(binding, scope, depth + 1) for binding in reaching]
                known = [origin for origin in origins if origin is not None]
                first = known[0] if known else None
                agree = all(origin is not None and origin == first for origin in origins)
                return first if agree else None
        if name in scope.imports:
            return self._variable(self.project.dotted(scope.imports[name], scope.module), depth)
        return None

    def binding(self, binding: Binding, scope: Scope, depth: int = 0) -> Origin | None:
        """Where the value that a binding gives its name comes from."""
        if depth > MAX_DEPTH:
            return None
        # a chain of assignments is walked once: an answer holds for good, a None for searches no shallower
        reached, known, _ = self._bindings.get(id(binding), (MAX_DEPTH + 1, None, binding))
        if known is not None or reached <= depth:
            return known
        self._bindings[id(binding)] = (depth, None, binding)
        found = self._of_binding(binding, scope, depth)
        self._bindings[id(binding)] = (depth, found, binding)
        return found

    def _of_binding(self, binding: Binding, scope: Scope, depth: int) -> Origin | None:
        if isinstance(binding.definition, FunctionCode):
            return Origin(self.nested(binding.definition, scope))
        if isinstance(binding.definition, ClassCode):
            return Origin(Class(scope.module, binding.definition))
        if binding.value is None:
            if binding.annotation is not None:
                return self.instance(binding.annotation, scope, depth)
            return None
        if binding.kind in ("opaque", "add"):
            return None
        origin = self.origin(binding.value, scope, binding.place, depth)
        if origin is None and binding.annotation is not None:
            return self.instance(binding.annotation, scope, depth)
        if origin is not None and binding.kind == "element":
            origin = origin.step("[]")
        if origin is not None and binding.index is not None:
            origin = origin.step(f"[{binding.index}]")
        return origin

    def nested(self, code: FunctionCode, scope: Scope) -> Function:
        """The function that is defined inside the function of `scope`."""
        if id(code) not in self._nested:
            self._nested[id(code)] = Function(scope.module, code, None, scope.function)
        return self._nested[id(code)]

    def _parameter(self, parameter: Parameter, scope: Scope, depth: int) -> Origin | None:
        function = scope.function
        if function is not None and function.owner is not None and parameter.name == function.self_name:
            return Origin(function.owner) if function.is_classmethod else Origin(function.owner, ("()",))
        if parameter.annotation is None or parameter.kind in ("star", "doublestar"):
            return None
        return self.instance(parameter.annotation, scope, depth)

    def instance(self, annotation: e.AnyExpression, scope: Scope, depth: int = 0) -> Origin | None:
        """The origin of a value that an annotation describes: an instance of the class that it names."""
        node = annotation
        text = e.literal_text(node)
        if text is not None:
            name, *names = text.strip().split(".")
            if not name.isidentifier():
                return None
            start = self.name(name, None, scope, None, depth + 1)
            node_origin = self._attributes(start, names, depth)
            return self._instance_of(node_origin)
        if isinstance(node, e.Operation) and set(node.operators) == {"|"}:
            parts = [part for part in node.operands if not e.is_constant(part, None)]
            return self.instance(parts[0], scope, depth + 1) if len(parts) == 1 else None
        if isinstance(node, e.Subscript):
            base = self.origin(node.value, scope, None, depth + 1)
            if base is not None and base.path in WRAPPERS:
                inner = node.index.items[0] if isinstance(node.index, e.Collection) else node.index
                return self.instance(inner, scope, depth + 1)
            return self._instance_of(base)
        return self._instance_of(self.origin(node, scope, None, depth + 1))

    def _attributes(self, origin: Origin | None, names: list[str], depth: int) -> Origin | None:
        for name in names:
            origin = self.attribute(origin, name, depth) if origin is not None else None
        return origin

    def _instance_of(self, origin: Origin | None) -> Origin | None:
        if origin is None or "()" in origin.path:
            return None
        if isinstance(origin.root, Class) and not origin.trail:
            return origin.step("()")
        if isinstance(origin.root, str):
            return self._canonical(origin.step("()"))
        return None

    def attribute(self, base: Origin, name: str, depth: int = 0) -> Origin | None:
        """The attribute `name` of a value."""
        root = base.root
        if isinstance(root, Module) and not base.trail:
            found = self.project.member(root, name)
            return self._variable(found, depth) if found is not None else base.step(name)
        if isinstance(root, Class) and base.trail == ("super()",):
            for ancestor in self.lineage(root)[1:]:
                method = ancestor.method(name) if isinstance(ancestor, Class) else None
                if method is not None:
                    return Origin(method)
            return base.step(name)
        if isinstance(root, Class) and base.trail in ((), ("()",)):
            found = self.class_attribute(root, name, base.trail == ("()",), depth + 1)
            return found if found is not None else base.step(name)
        return self._canonical(base.step(name))

    def _call(self, node: e.Call, scope: Scope, place: Place | None, depth: int) -> Origin | None:
        origin = self.origin(node.function, scope, place, depth)
        if origin is None:
            return None
        path = origin.path if isinstance(origin.root, str) else ""
        if path in CAST and node.arguments:
            return self.instance(node.arguments[0], scope, depth + 1)
        if path in self.transparent and node.arguments:
            given = self.origin(node.arguments[0], scope, place, depth + 1)
            if given is not None and isinstance(given.root, Function | Class):
                return Origin(given.root, tuple(step for step in given.trail if step != "()"))
            if given is not None and path in PARTIAL and isinstance(given.root, str):
                return given
        if path == "builtins.super" and scope.function is not None and scope.function.owner is not None:
            return Origin(scope.function.owner, ("super()",))
        if isinstance(origin.root, Function) and not origin.trail:
            returned = self.returned(origin.root, depth + 1)
            return returned if returned is not None else origin.step("()")
        return self._canonical(origin.step("()"))

    def _variable(self, origin: Origin, depth: int) -> Origin | None:
        """A module-level variable stands for its value, where that is known."""
        if not isinstance(origin.root, Variable):
            return self._canonical(origin)
        if depth > MAX_DEPTH:
            return origin
        variable = origin.root
        if isinstance(variable.value, e.Call | e.Name | e.Attribute | e.Subscript):
            value = self.origin(variable.value, self.module_scope(variable.module), None, depth + 1)
            if value is not None:
                return self._canonical(Origin(value.root, (*value.trail, *origin.trail)))
        annotation = variable.module.summary.annotations.get(variable.name)
        declared = self.instance(annotation, self.module_scope(variable.module), depth + 1) if annotation else None
        return declared.step(*origin.trail) if declared is not None else origin

    def _canonical(self, origin: Origin) -> Origin:
        if not isinstance(origin.root, str):
            return origin
        path = origin.path
        for _ in range(3):
            other = self.aliases.get(path)
            if other is None:
                break
            path = other
        return Origin(path)

    # -- functions and classes --------------------------------------------------------------------------

    def returned(self, function: Function, depth: int = 0) -> Origin | None:
        """Where what a function returns comes from, by annotation, or by what all its ``return``s agree on."""
        if function in self._returns or depth > MAX_DEPTH:
            return self._returns.get(function)
        self._returns[function] = None
        scope = self.module_scope(function.module)
        found = None
        if function.code.returns is not None:
            found = self.instance(function.code.returns, scope, depth)
        if found is None and depth < MAX_DEPTH - 2:
            inner = self.scope(function)
            origins = [
                self.origin(place.statement.value, inner, place, depth + 2)
                for place in inner.places
                if isinstance(place.statement, Return)
                and place.statement.value is not None
                and not e.is_constant(place.statement.value, None)
            ]
            if origins and all(origin is not None and origin == origins[0] for origin in origins):
                found = origins[0]
        self._returns[function] = found
        return found

    def lineage(self, class_: Class) -> tuple[Class | str, ...]:
        """The class, then its bases: classes of the project, or external paths; each once."""
        if class_ not in self._lineages:
            self._lineages[class_] = (class_,)
            found: dict[Class | str, None] = {class_: None}
            scope = self.module_scope(class_.module)
            for base in class_.code.bases:
                node = base.value if isinstance(base, e.Subscript) else base
                origin = self.origin(node, scope, None, 1)
                if origin is None:
                    continue
                if isinstance(origin.root, Class) and not origin.trail:
                    found.update(dict.fromkeys(self.lineage(origin.root)))
                else:
                    found.setdefault(origin.path)
            self._lineages[class_] = tuple(found)
        return self._lineages[class_]

    def find_method(self, class_: Class, name: str) -> Function | None:
        """The method that an instance of `class_` has under `name`."""
        for ancestor in self.lineage(class_):
            if isinstance(ancestor, Class):
                method = ancestor.method(name)
                if method is not None:
                    return method
        return None

    def class_value(self, class_: Class, name: str) -> tuple[e.AnyExpression, Class] | None:
        """The value that the class or a base of it assigns to an attribute in its body, and that class."""
        for ancestor in self.lineage(class_):
            if isinstance(ancestor, Class) and name in ancestor.code.attributes:
                return ancestor.code.attributes[name], ancestor
        return None

    def class_attribute(self, class_: Class, name: str, of_instance: bool, depth: int) -> Origin | None:
        """What ``class_.name`` or, `of_instance`, ``class_().name`` means."""
        for ancestor in self.lineage(class_):
            if not isinstance(ancestor, Class):
                continue
            scope = self.module_scope(ancestor.module)
            method = ancestor.method(name)
            if method is not None:
                names = {e.dotted(decorator) for decorator in method.code.decorators}
                if of_instance and names & PROPERTIES:
                    return self.returned(method, depth + 1) or Origin(class_, ("()", name))
                return Origin(method)
            inner = ancestor.inner(name)
            if inner is not None:
                return Origin(inner)
            if name in ancestor.code.annotations and of_instance:
                found = self.instance(ancestor.code.annotations[name], scope, depth + 1)
                if found is not None:
                    return found
            if of_instance:
                found = self._assigned_in_init(ancestor, name, depth)
                if found is not None:
                    return found
        return None

    def _assigned_in_init(self, class_: Class, name: str, depth: int) -> Origin | None:
        method = class_.method("__init__")
        if method is None or depth > MAX_DEPTH - 2:
            return None
        scope = self.scope(method)
        for place in scope.places:
            for target in getattr(place.statement, "targets", ()):
                if (
                    isinstance(target, e.Attribute)
                    and target.name == name
                    and e.dotted(target.value) == method.self_name
                ):
                    value = getattr(place.statement, "value", None)
                    return self.origin(value, scope, place, depth + 2) if value is not None else None
        return None

    def paths(self, origin: Origin) -> tuple[str, ...]:
        """Every external spelling of an origin: its own path, and for a class of the project those of its bases."""
        if isinstance(origin.root, str):
            return (origin.path,)
        if not isinstance(origin.root, Class):
            return ()
        found = []
        for ancestor in self.lineage(origin.root):
            if isinstance(ancestor, str):
                found.append(self._canonical(Origin(ancestor, origin.trail)).path)
        return tuple(found)
