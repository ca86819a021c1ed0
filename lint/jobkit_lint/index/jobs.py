"""Job definitions: which functions and classes are jobs, by what evidence, with their options and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jobkit_lint.frameworks.model import Framework
from jobkit_lint.index.names import Names
from jobkit_lint.index.symbols import Class, Function, Module, Origin
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import ClassCode, Parameter

MAX_WRAPPERS = 4


@dataclass(eq=False, slots=True)
class Job:
    """A recognised job.

    `function` is what runs; `class_` is set for the class form. `options` are the keywords of the declaration
    or the class attributes; `is_open` if some of them cannot be seen (``**kwargs``). `is_house`: declared
    through a wrapper of the project, so that more may happen than is seen. `parameters` are those that an
    enqueue call must bind: without ``self`` and what the worker fills in.
    """

    name: str
    framework: Framework
    module: Module
    function: Function | None
    class_: Class | None
    reason: str
    options: dict[str, e.AnyExpression]
    declaration: e.AnyExpression | None = None
    is_open: bool = False
    is_house: bool = False
    is_periodic: bool = False
    parameters: tuple[Parameter, ...] = ()
    self_name: str | None = None

    @property
    def line(self) -> int:
        """The line of its ``def`` or ``class``."""
        definition = self.class_ if self.class_ is not None else self.function
        return definition.code.line if definition is not None else 1

    @property
    def at(self) -> e.At:
        """The range of its name in its ``def`` or ``class`` line."""
        definition = self.class_ if self.class_ is not None else self.function
        if definition is None:
            return e.At(1, 0, 1, 0)
        code = definition.code
        keyword = "class " if isinstance(code, ClassCode) else "async def " if code.is_async else "def "
        start = code.column + len(keyword)
        return e.At(code.line, start, code.line, start + len(code.name.encode()))

    @property
    def registered_name(self) -> str | None:
        """The name in its messages: as given, or as the framework computes it; None if that cannot be seen."""
        for option in self.framework.name_options:
            if option in self.options:
                return e.literal_text(self.options[option])
        if self.is_house or self.is_open:
            return None
        short = self.class_.name if self.class_ is not None else self.function.name if self.function else ""
        return self.framework.default_name.format(module=self.module.name, function=short)

    def option(self, *names: str) -> e.AnyExpression | None:
        """The value of the first of these options that is given."""
        for name in names:
            if name in self.options:
                return self.options[name]
        return None


@dataclass(frozen=True, slots=True)
class HouseNames:
    """What the settings teach: dotted names of decorators and bases, each with its framework."""

    decorators: Mapping[str, Framework] = field(default_factory=dict)
    bases: Mapping[str, Framework] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Declared:
    framework: Framework
    reason: str
    options: dict[str, e.AnyExpression]
    is_open: bool
    is_house: bool
    is_periodic: bool


class Jobs:
    """Finds out whether a function or class is a job, and remembers it."""

    def __init__(self, names: Names, frameworks: tuple[Framework, ...], house: HouseNames) -> None:
        self.names = names
        self.frameworks = frameworks
        self.house = house
        self._decorators = {
            path: (framework, decorator.is_periodic)
            for framework in frameworks
            for decorator in framework.decorators
            for path in (decorator.path, f"{decorator.path}()", f"{decorator.path}()()")
        }
        self._bases = {base.path: (framework, base.body) for framework in frameworks for base in framework.bases}
        self._functions: dict[int, Job | None] = {}
        self._classes: dict[int, Job | None] = {}

    def all(self) -> list[Job]:
        """Every job recognised so far, by file and line."""
        found = [job for job in (*self._functions.values(), *self._classes.values()) if job is not None]
        return sorted(set(found), key=lambda job: (job.module.shown, job.line, job.name))

    def scan(self, module: Module) -> None:
        """Looks at every definition of a module."""
        for name in module.summary.functions:
            self.of_function(self.names.project.function(module, name))
        for name in module.summary.classes:
            class_ = self.names.project.defined(module, name)
            if isinstance(class_, Class):
                self._scan_class(class_)
        for name, value in module.summary.variables.items():
            if isinstance(value, e.Call):
                self._wrapped(module, name, value)

    def _scan_class(self, class_: Class) -> None:
        self.of_class(class_)
        for name in class_.code.methods:
            method = class_.method(name)
            if method is not None and method.code.decorators:
                self.of_function(method)
        for name in class_.code.classes:
            inner = class_.inner(name)
            if inner is not None:
                self._scan_class(inner)

    def of_origin(self, origin: Origin) -> Job | None:
        """The job that a value is, if it is one: a decorated function, a job class or an instance of it."""
        match origin.root:
            case Function() if not origin.trail:
                return self.of_function(origin.root)
            case Class() if origin.trail in ((), ("()",)):
                return self.of_class(origin.root)
            case _:
                return None

    def add_function(self, function: Function, framework: Framework, reason: str) -> Job:
        """Takes a function as a job for a reason outside its definition: a listing, an enqueue call."""
        known = self.of_function(function)
        if known is not None:
            return known
        declared = _Declared(framework, reason, {}, False, False, False)
        job = self._job_of(function, declared, None)
        self._functions[id(function.code)] = job
        return job

    def of_function(self, function: Function) -> Job | None:
        """The job that a decorated function is, or None."""
        key = id(function.code)
        if key not in self._functions:
            self._functions[key] = None
            for decorator in function.code.decorators:
                declared = self._declared(decorator, function)
                if declared is not None:
                    self._functions[key] = self._job_of(function, declared, decorator)
                    break
        return self._functions[key]

    def _job_of(self, function: Function, declared: _Declared, declaration: e.AnyExpression | None) -> Job:
        framework = declared.framework
        parameters = function.code.parameters
        self_name = None
        if function.self_name is not None:
            parameters = parameters[1:]
        bound = framework.bound_option
        if bound is not None and e.is_constant(declared.options.get(bound), True) and parameters:
            self_name, parameters = parameters[0].name, parameters[1:]
        parameters = parameters[framework.context_parameters :]
        return Job(
            name=function.dotted,
            framework=framework,
            module=function.module,
            function=function,
            class_=None,
            reason=declared.reason,
            options=declared.options,
            declaration=declaration,
            is_open=declared.is_open,
            is_house=declared.is_house,
            is_periodic=declared.is_periodic,
            parameters=parameters,
            self_name=self_name,
        )

    def _declared(self, decorator: e.AnyExpression, function: Function) -> _Declared | None:
        call = decorator if isinstance(decorator, e.Call) else None
        target = call.function if call is not None else decorator
        outer = function.outer
        scope = self.names.scope(outer) if outer is not None else self.names.module_scope(function.module)
        origin = self.names.origin(target, scope, None)
        if origin is None:
            return None
        options = {word.name: word.value for word in call.keywords if word.name is not None} if call else {}
        is_open = call is not None and call.is_open
        return self._matched(origin, _shown(target), options, is_open, 0)

    def _matched(
        self, origin: Origin, shown: str, options: dict[str, e.AnyExpression], is_open: bool, hops: int
    ) -> _Declared | None:
        for path in self.names.paths(origin):
            if path in self._decorators:
                framework, periodic = self._decorators[path]
                reason = f"decorated with @{shown} ({path.rstrip('()')})"
                return _Declared(framework, reason, options, is_open, False, periodic)
        taught = self.house.decorators.get(origin.path)
        if taught is not None:
            reason = f"decorated with @{shown} (named in `job-decorators`)"
            return _Declared(taught, reason, options, is_open, True, False)
        wrapper = origin.root
        if isinstance(wrapper, Function) and not origin.trail and hops < MAX_WRAPPERS:
            inner = self._wrapper(wrapper, shown, hops)
            if inner is not None:
                merged = {**inner.options, **options}
                reason = f"decorated with @{shown}, a wrapper: {inner.reason}"
                return _Declared(inner.framework, reason, merged, True, True, inner.is_periodic)
        return None

    def _wrapper(self, wrapper: Function, shown: str, hops: int) -> _Declared | None:
        """What a decorator of the project makes of a function, when it ends in a framework's decorator."""
        returned = self.names.returned(wrapper)
        if returned is None:
            return None
        if isinstance(returned.root, Function) and not returned.trail and returned.root.outer is not None:
            inner = self.of_function(returned.root)
            if inner is not None:
                return _Declared(inner.framework, inner.reason, inner.options, True, True, inner.is_periodic)
            return self._wrapper(returned.root, shown, hops + 1) if hops < MAX_WRAPPERS else None
        return self._matched(returned, shown, {}, True, hops + 1)

    def wrappers(self, module: Module) -> set[str]:
        """The names of the module's functions that are decorators which make jobs."""
        packages = {package for framework in self.frameworks for package in framework.packages}
        targets = {target.lstrip(".").partition(".")[0] for target in module.summary.imports.values()}
        if not packages & (targets | {part for t in module.summary.imports.values() for part in t.split(".")}):
            return set()
        found: set[str] = set()
        for name, code in module.summary.functions.items():
            if code.parameters and self.of_function(self.names.project.function(module, name)) is None:
                wrapper = self.names.project.function(module, name)
                if self._wrapper(wrapper, name, 0) is not None:
                    found.add(name)
        return found

    def is_base(self, class_: Class) -> bool:
        """Whether a class of the project derives from a job base, so that others may derive from it."""
        for ancestor in self.names.lineage(class_)[1:]:
            path = ancestor if isinstance(ancestor, str) else ancestor.dotted
            if self.names.aliases.get(path, path) in self._bases:
                return True
        return False

    def _wrapped(self, module: Module, name: str, value: e.Call) -> None:
        """``name = app.task(function)``: the function is a job."""
        scope = self.names.module_scope(module)
        origin = self.names.origin(value.function, scope, None)
        if origin is None or not value.arguments:
            return
        target = self.names.origin(value.arguments[0], scope, None)
        if target is None or not isinstance(target.root, Function) or target.trail:
            return
        for path in self.names.paths(origin):
            if path in self._decorators:
                framework, _ = self._decorators[path]
                job = self.add_function(target.root, framework, f"wrapped: {name} = {_shown(value.function)}(...)")
                job.options.update({word.name: word.value for word in value.keywords if word.name is not None})

    def of_class(self, class_: Class) -> Job | None:
        """The job that a class is, or None: derived from a job base, with a body, and not abstract."""
        key = id(class_.code)
        if key not in self._classes:
            self._classes[key] = None
            self._classes[key] = self._class_job(class_)
        return self._classes[key]

    def _class_job(self, class_: Class) -> Job | None:
        if e.is_constant(class_.code.attributes.get("abstract"), True):
            return None
        for ancestor in self.names.lineage(class_)[1:]:
            path = ancestor if isinstance(ancestor, str) else ancestor.dotted
            found = self._bases.get(self.names.aliases.get(path, path))
            reason = f"derived from {path}"
            if found is None and path in self.house.bases:
                framework = self.house.bases[path]
                found = (framework, framework.bases[0].body if framework.bases else "run")
                reason = f"derived from {path} (named in `job-bases`)"
            if found is None:
                continue
            framework, body = found
            method = self.names.find_method(class_, body)
            if method is None:
                return None
            return Job(
                name=class_.dotted,
                framework=framework,
                module=class_.module,
                function=method,
                class_=class_,
                reason=reason,
                options=self._class_options(class_),
                is_house=sum(isinstance(one, Class) for one in self.names.lineage(class_)) > 1,
                parameters=method.code.parameters[1:],
                self_name=method.self_name,
            )
        return None

    def _class_options(self, class_: Class) -> dict[str, e.AnyExpression]:
        options: dict[str, e.AnyExpression] = {}
        for ancestor in reversed(self.names.lineage(class_)):
            if isinstance(ancestor, Class):
                options.update(ancestor.code.attributes)
        return options

    def listed(self, module: Module) -> Iterator[Job]:
        """Functions that a settings class lists as jobs (arq, SAQ)."""
        for code in module.summary.classes.values():
            class_ = self.names.project.defined(module, code.name)
            if not isinstance(class_, Class):
                continue
            for framework in self.frameworks:
                for listing in framework.listings:
                    if code.name.endswith(listing.classes):
                        for attribute in listing.attributes:
                            value = code.attributes.get(attribute)
                            yield from self._listed_in(value, class_, framework, listing.wrappers, attribute)

    def _listed_in(
        self,
        value: e.AnyExpression | None,
        class_: Class,
        framework: Framework,
        wrappers: tuple[str, ...],
        attribute: str,
    ) -> Iterator[Job]:
        scope = self.names.module_scope(class_.module)
        if isinstance(value, e.Name) and value.id in class_.module.summary.variables:
            value = class_.module.summary.variables[value.id]
        if isinstance(value, e.Operation):
            for operand in value.operands:
                yield from self._listed_in(operand, class_, framework, wrappers, attribute)
        if not isinstance(value, e.Collection):
            return
        for item in value.items:
            target = item
            options: dict[str, e.AnyExpression] = {}
            if isinstance(item, e.Call) and item.arguments:
                origin = self.names.origin(item.function, scope, None)
                if origin is None or origin.path not in wrappers:
                    continue
                target = item.arguments[0]
                options = {word.name: word.value for word in item.keywords if word.name is not None}
            origin = self.names.origin(target, scope, None)
            if origin is not None and isinstance(origin.root, Function) and not origin.trail:
                reason = f"listed in {class_.name}.{attribute}"
                job = self.add_function(origin.root, framework, reason)
                job.options.update(options)
                yield job


def _shown(node: e.AnyExpression) -> str:
    return e.dotted(node) or "..."
