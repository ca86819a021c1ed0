"""What a name of the project can mean: a module, a function, a class, a variable."""

from __future__ import annotations

from dataclasses import dataclass, field

from jobkit_lint.summary import FileSummary
from jobkit_lint.tree.expressions import AnyExpression
from jobkit_lint.tree.statements import ClassCode, FunctionCode


@dataclass(eq=False, slots=True)
class Module:
    """A file of the project; `name` is its dotted name, `path` the absolute path, `shown` what users see."""

    path: str
    shown: str
    name: str
    summary: FileSummary
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)

    @property
    def dotted(self) -> str:
        """The dotted name."""
        return self.name


@dataclass(eq=False, slots=True)
class Function:
    """A function or method; a nested one has its `outer` function."""

    module: Module
    code: FunctionCode
    owner: Class | None = None
    outer: Function | None = None

    @property
    def dotted(self) -> str:
        """Module and qualified name."""
        return f"{self.module.name}.{self.code.qualname}"

    @property
    def name(self) -> str:
        """The bare name."""
        return self.code.name

    @property
    def self_name(self) -> str | None:
        """The name of the first parameter of a method that has an instance or a class, else None."""
        if self.owner is None or not self.code.parameters:
            return None
        if any(getattr(decorator, "id", None) == "staticmethod" for decorator in self.code.decorators):
            return None
        first = self.code.parameters[0]
        return first.name if first.kind in ("positional", "normal") else None

    @property
    def is_classmethod(self) -> bool:
        """Whether the first parameter is the class."""
        return any(getattr(decorator, "id", None) == "classmethod" for decorator in self.code.decorators)


@dataclass(eq=False, slots=True)
class Class:
    """A class; `methods` and `classes` are made on first use."""

    module: Module
    code: ClassCode
    outer: Class | None = None
    methods: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)

    @property
    def dotted(self) -> str:
        """Module and qualified name."""
        return f"{self.module.name}.{self.code.qualname}"

    @property
    def name(self) -> str:
        """The bare name."""
        return self.code.name

    def method(self, name: str) -> Function | None:
        """The method that this class itself defines."""
        if name not in self.methods:
            code = self.code.methods.get(name)
            if code is None:
                return None
            self.methods[name] = Function(self.module, code, self)
        return self.methods[name]

    def inner(self, name: str) -> Class | None:
        """The class defined in this one."""
        if name not in self.classes:
            code = self.code.classes.get(name)
            if code is None:
                return None
            self.classes[name] = Class(self.module, code, self)
        return self.classes[name]


@dataclass(eq=False, slots=True)
class Variable:
    """A name assigned at module level, with the last value that it got there."""

    module: Module
    name: str
    value: AnyExpression

    @property
    def dotted(self) -> str:
        """Module and name."""
        return f"{self.module.name}.{self.name}"


Symbol = Module | Function | Class | Variable


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: a symbol of the project or an external dotted path, and the steps from there.

    Steps are attribute names, ``()`` for a call, ``[]`` for an element, ``[0]`` for one of an
    unpacked tuple. `path` is all of it as text.
    """

    root: Symbol | str
    trail: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The origin path, as patterns of the framework and fact data are written."""
        start = self.root if isinstance(self.root, str) else self.root.dotted
        return start + join(self.trail)

    def step(self, *steps: str) -> Origin:
        """The origin after more steps. An external path is kept as one text."""
        if isinstance(self.root, str):
            return Origin(self.path + join(steps))
        return Origin(self.root, (*self.trail, *steps))


def join(trail: tuple[str, ...]) -> str:
    """The steps as text: ``.name``, ``()``, ``[]`` and ``[0]``."""
    return "".join(step if step[0] in "([" else f".{step}" for step in trail)
