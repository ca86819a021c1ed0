"""What an enqueue call gives to the job: its arguments, bound to the job's parameters."""

from __future__ import annotations

from dataclasses import dataclass

from jobkit_lint.flow.places import Place
from jobkit_lint.flow.scopes import Scope
from jobkit_lint.frameworks.model import Packing
from jobkit_lint.index.jobs import Job
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Parameter


@dataclass(frozen=True, slots=True)
class Argument:
    """One value for the job. `parameter` is the one that it is bound to, where that can be told.

    `place` is where the value is evaluated: for a packed tuple in a variable, where that was made.
    """

    value: e.AnyExpression
    position: int | None
    keyword: str | None
    parameter: Parameter | None
    place: Place | None

    @property
    def name(self) -> str | None:
        """The keyword, or the name of the parameter it is bound to."""
        return self.keyword or (self.parameter.name if self.parameter is not None else None)


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of one call. `is_complete`: nothing is hidden by a star or a variable."""

    arguments: tuple[Argument, ...]
    options: dict[str, e.AnyExpression]
    is_complete: bool


def given_arguments(
    positional: tuple[e.AnyExpression, ...],
    keywords: tuple[e.Keyword, ...],
    packing: Packing,
    job: Job | None,
    scope: Scope,
    place: Place | None,
) -> Given:
    """Reads a call by `packing`, and binds what it gives to the parameters of `job`."""
    if packing.direct:
        kept = positional[packing.skip :]
        words = [word for word in keywords if word.name is None or not packing.is_option(word.name)]
        options = {word.name: word.value for word in keywords if word.name and packing.is_option(word.name)}
        return _bound(kept, [(word.name, word.value) for word in words], options, job, place, True)
    by_name = {word.name: word.value for word in keywords if word.name is not None}
    complete = all(word.name is not None for word in keywords)
    args = _at(positional, packing.args) or by_name.pop(packing.args_keyword or "", None)
    kwargs = _at(positional, packing.kwargs) or by_name.pop(packing.kwargs_keyword or "", None)
    args_value, args_place, args_known = _literal(args, scope, place)
    kwargs_value, kwargs_place, kwargs_known = _literal(kwargs, scope, place)
    items = args_value.items if isinstance(args_value, e.Collection) else ()
    pairs: list[tuple[str | None, e.AnyExpression]] = []
    if isinstance(kwargs_value, e.Mapping):
        pairs = [(e.literal_text(k), v) for k, v in zip(kwargs_value.keys, kwargs_value.values, strict=True)]
    elif isinstance(kwargs_value, e.Call):
        pairs = [(word.name, word.value) for word in kwargs_value.keywords]
    given = _bound(items, pairs, by_name, job, args_place if args is not None else kwargs_place, complete)
    return Given(given.arguments, given.options, given.is_complete and args_known and kwargs_known)


def _at(positional: tuple[e.AnyExpression, ...], index: int | None) -> e.AnyExpression | None:
    return positional[index] if index is not None and index < len(positional) else None


def _literal(
    node: e.AnyExpression | None, scope: Scope, place: Place | None
) -> tuple[e.AnyExpression | None, Place | None, bool]:
    """The literal that an expression is or names, where that is evaluated, and whether it is known."""
    if node is None or e.is_constant(node, None):
        return None, place, True
    if isinstance(node, e.Name) and place is not None:
        reaching = scope.reaching(node.id, place, node.at)
        if reaching is not None and len(reaching) == 1 and reaching[0].kind == "assign":
            binding = reaching[0]
            if isinstance(binding.value, e.Collection | e.Mapping) and binding.index is None:
                return binding.value, binding.place, True
        return None, place, False
    is_dict = isinstance(node, e.Call) and e.dotted(node.function) == "dict" and not node.arguments
    return node, place, isinstance(node, e.Collection | e.Mapping) or is_dict


def _bound(
    positional: tuple[e.AnyExpression, ...],
    keywords: list[tuple[str | None, e.AnyExpression]],
    options: dict[str, e.AnyExpression],
    job: Job | None,
    place: Place | None,
    complete: bool,
) -> Given:
    parameters = job.parameters if job is not None else ()
    in_order = [part for part in parameters if part.kind in ("positional", "normal")]
    by_name = {part.name: part for part in parameters if part.kind in ("normal", "keyword")}
    arguments: list[Argument] = []
    for index, value in enumerate(positional):
        if isinstance(value, e.Starred):
            complete = False
            break
        parameter = in_order[index] if index < len(in_order) else None
        arguments.append(Argument(value, index, None, parameter, place))
    for name, value in keywords:
        if name is None:
            complete = False
            continue
        arguments.append(Argument(value, None, name, by_name.get(name), place))
    return Given(tuple(arguments), options, complete)
