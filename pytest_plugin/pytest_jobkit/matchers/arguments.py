"""`with_args`: arguments compared with ``==``, each parameter on its own where the job's signature is known."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobkit import JobRecord
from pytest_jobkit.matchers.conditions import Difference
from pytest_jobkit.matchers.sighting import Sighting
from pytest_jobkit.subset import Containing
from pytest_jobkit.wording import shown_error

#: pytest leaves these frames out of tracebacks: an error is about the line of the test that leads here
__tracebackhide__ = True


@dataclass(frozen=True, slots=True)
class WithArgs:
    """The wanted arguments of a call.

    A parameter given by position equals the same one given by name, and one left out equals its default: the body
    sees no difference. Values are compared with ``==``, the wanted one on the left, so `mock.ANY` and dirty-equals
    objects work.
    """

    arguments: tuple[Any, ...]
    kwarguments: Mapping[str, Any]
    signature: inspect.Signature | None
    subject: str = field(default="arguments", init=False)

    @property
    def written(self) -> str:
        return f"with_args({shown_call(self.arguments, self.kwarguments)})"

    def differences(self, seen: Sighting) -> list[Difference]:
        record = seen.record
        try:
            arguments, kwarguments = tuple(record.arguments), record.kwarguments
        except Exception as error:
            found = f"arguments that cannot be decoded: {shown_error(error)}"
            return [Difference("arguments", f"({shown_call(self.arguments, self.kwarguments)})", found)]
        signature = self.signature or signature_of(record)
        if signature is not None:
            wanted = _bound(signature, self.arguments, self.kwarguments)
            given = _bound(signature, arguments, kwarguments)
            if wanted is not None and given is not None:
                return [
                    difference
                    for name, value in wanted.items()
                    for difference in _compare(name, value, given.get(name, inspect.Parameter.empty))
                ]
        if self.arguments == arguments and dict(self.kwarguments) == kwarguments:
            return []
        return [
            Difference(
                "arguments",
                f"({shown_call(self.arguments, self.kwarguments)})",
                f"({shown_call(arguments, kwarguments)})",
                ((*self.arguments, dict(self.kwarguments)), (*arguments, kwarguments)),
            )
        ]


def check_fits(signature: inspect.Signature, shown: str, arguments: tuple[Any, ...], kwarguments: Any) -> None:
    """Raise TypeError if the job could not be called with these arguments, so could never be enqueued with them."""
    try:
        signature.bind(*arguments, **kwarguments)
    except TypeError as error:
        hint = "" if arguments or kwarguments else ". with_args() means: no arguments; leave it out to allow any"
        raise TypeError(
            f"with_args({shown_call(arguments, kwarguments)}): "
            f"{shown}{as_written(signature)} cannot be called like this: {error}{hint}"
        ) from None


def misfit(record: JobRecord) -> str | None:
    """Why the enqueued arguments do not fit the job's signature, or None if they do or nobody can tell."""
    signature = signature_of(record)
    if signature is None:
        return None
    try:
        signature.bind(*record.arguments, **record.kwarguments)
    except TypeError as error:
        return f"{record.name.rpartition('.')[2]}{as_written(signature)} cannot be called like this: {error}"
    except Exception:
        return None  # what cannot be decoded is no question of the signature
    return None


def signature_of(record: JobRecord) -> inspect.Signature | None:
    """How the body of a job is called; None where this process cannot tell."""
    target = record.job
    return None if target is None else record.envelope.performer.signature(target)


class _Bare(str):
    """An annotation that is a text, shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def as_written(signature: inspect.Signature) -> str:
    """The signature as it stands in the source, be its annotations texts or not."""
    parameters = [
        parameter.replace(annotation=_Bare(parameter.annotation))
        if isinstance(parameter.annotation, str)
        else parameter
        for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


def shown_call(arguments: tuple[Any, ...], kwarguments: Mapping[str, Any]) -> str:
    """Arguments as they would be written in a call."""
    return ", ".join(
        [*(repr(value) for value in arguments), *(f"{key}={value!r}" for key, value in kwarguments.items())]
    )


def _bound(signature: inspect.Signature, arguments: Any, kwarguments: Any) -> dict[str, Any] | None:
    try:
        bound = signature.bind(*arguments, **kwarguments)
    except TypeError:
        return None
    bound.apply_defaults()
    return dict(bound.arguments)


def _a(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _compare(name: str, wanted: Any, found: Any) -> list[Difference]:
    if wanted == found:
        return []
    note = ""
    if isinstance(wanted, Containing):
        lacking = list(wanted.missing(found))
        return [Difference(name, repr(wanted), repr(found), None, "; ".join(lacking))]
    if isinstance(wanted, (list, tuple)) and isinstance(found, (list, tuple)) and list(wanted) == list(found):
        note = f"equal but for the type: {_a(wanted)} is wanted, {_a(found)} came"
    elif str(wanted) == str(found):
        note = f"{_a(wanted)} is wanted, {_a(found)} came"
    return [Difference(name, repr(wanted), repr(found), (wanted, found), note)]
