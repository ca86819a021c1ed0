"""The modules of the project, loaded when a name leads to them, and the meaning of names at module level."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from jobkit_lint.index.finder import Finder
from jobkit_lint.index.symbols import Class, Function, Module, Origin, Symbol, Variable
from jobkit_lint.source import Source, Unreadable
from jobkit_lint.summary import FileSummary, parsed
from jobkit_lint.tree import lower_statements as lower
from jobkit_lint.tree.statements import FunctionCode

Load = Callable[[str], tuple[str, FileSummary] | None]
ReadSource = Callable[[str], Source]
MAX_HOPS = 12


class Project:
    """All that is known of the user's code. `load` gives the summary of a file (shown path first) or None."""

    def __init__(self, finder: Finder, load: Load, read: ReadSource) -> None:
        self.finder = finder
        self._load = load
        self._read = read
        self.modules: dict[str, Module | None] = {}
        self.lowered: set[str] = set()
        self._members: dict[tuple[str, str], Origin | None] = {}
        self._searching: set[tuple[str, str]] = set()

    def module(self, path: str) -> Module | None:
        """The module in the file at the absolute `path`; None if it cannot be read or parsed."""
        if path not in self.modules:
            loaded = self._load(path)
            if loaded is None:
                self.modules[path] = None
            else:
                self.modules[path] = Module(path, loaded[0], self.finder.name(path), loaded[1])
        return self.modules[path]

    def loaded(self) -> Iterator[Module]:
        """Every module loaded so far."""
        yield from [module for module in self.modules.values() if module is not None]

    def dotted(self, target: str, importer: Module, hops: int = 0) -> Origin:
        """What a dotted name means in `importer`: a symbol of the project, or an external path."""
        found = self.finder.find(target, importer.path)
        if found is None:
            return Origin(target.lstrip("."))
        path, rest = found
        module = self.module(path)
        if module is None:
            return Origin(target.lstrip("."))
        return self.follow(Origin(module), rest.split(".") if rest else [], hops)

    def follow(self, origin: Origin, names: list[str], hops: int = 0) -> Origin:
        """`origin` after the attributes `names`, entering modules and classes as far as they are known."""
        for name in names:
            root = origin.root
            if isinstance(root, Module) and not origin.trail:
                member = self.member(root, name, hops)
                origin = member if member is not None else origin.step(name)
            elif isinstance(root, Class) and not origin.trail and root.inner(name) is not None:
                inner = root.inner(name)
                origin = Origin(inner) if inner is not None else origin
            else:
                origin = origin.step(name)
        return origin

    def member(self, module: Module, name: str, hops: int = 0) -> Origin | None:
        """What `name` means at the top of `module`, following imports and re-exports; None if unknown."""
        key = (module.path, name)
        if key in self._members:
            return self._members[key]
        # modules may import everything of each other: a search looks once in each
        if hops > MAX_HOPS or key in self._searching:
            return None
        is_first = not self._searching
        self._searching.add(key)
        try:
            found = self._member(module, name, hops)
        finally:
            if is_first:
                self._searching.clear()
        if found is not None or is_first:
            self._members[key] = found
        return found

    def _member(self, module: Module, name: str, hops: int) -> Origin | None:
        symbol = self.defined(module, name)
        if symbol is not None:
            return Origin(symbol)
        target = module.summary.imports.get(name)
        if target is not None:
            return self.dotted(target, module, hops + 1)
        submodule = self.finder.find(f".{name}", module.path) if module.path.endswith("__init__.py") else None
        if submodule is not None and not submodule[1]:
            inner = self.module(submodule[0])
            if inner is not None:
                return Origin(inner)
        for star in module.summary.stars:
            origin = self.dotted(star, module, hops + 1)
            if isinstance(origin.root, Module) and not origin.trail:
                found = self.member(origin.root, name, hops + 1)
                if found is not None:
                    return found
        return None

    def defined(self, module: Module, name: str) -> Symbol | None:
        """The function, class or variable that `module` itself defines under `name`."""
        summary = module.summary
        if name in summary.functions:
            return self.function(module, name)
        if name in summary.classes:
            if name not in module.classes:
                module.classes[name] = Class(module, summary.classes[name])
            return module.classes[name]
        if name in summary.variables and summary.imports.get(name) is None:
            if name not in module.variables:
                module.variables[name] = Variable(module, name, summary.variables[name])
            return module.variables[name]
        return None

    def function(self, module: Module, name: str) -> Function:
        """The function at the top of `module`."""
        if name not in module.functions:
            module.functions[name] = Function(module, module.summary.functions[name])
        return module.functions[name]

    def code(self, function: Function) -> FunctionCode:
        """The function's code with its body, which is read from the file now if nobody needed it before."""
        code = function.code
        if code.body is None:
            body, imports = self._lower(function)
            code.body, code.imports = body.body, imports
            self.lowered.add(function.module.path)
        return code

    def _lower(self, function: Function) -> tuple[FunctionCode, dict[str, str]]:
        code = function.code
        empty = FunctionCode(code.at, code.name, code.qualname, code.line, code.column, False, (), (), None, {}, ())
        try:
            lines = self._read(function.module.path).lines[code.at.line - 1 : code.at.end_line]
            indented = code.at.column > 0
            tree = parsed("\n".join(["if 1:", *lines] if indented else lines))
        except (Unreadable, SyntaxError, ValueError, RecursionError, MemoryError):
            return empty, {}
        ast.increment_lineno(tree, code.at.line - (2 if indented else 1))
        first = tree.body[0] if tree.body else None
        node = first.body[0] if isinstance(first, ast.If) else first
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return empty, {}
        lowered = lower.function(node, code.qualname[: -len(code.name)], with_body=True)
        return lowered, lowered.imports
