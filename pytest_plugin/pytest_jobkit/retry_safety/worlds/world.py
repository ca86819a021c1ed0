"""A world: everything that survives the worker process, made by a factory of the test.

The factory is the contract: it is called for a fresh world whenever one is needed. That a world can also be saved and
put back is an optimisation, found by looking at what the factory yields and holds.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Mapping
from types import GeneratorType
from typing import Any


class World:
    """What `world` makes of a generator function."""

    def __init__(self, factory: Callable[..., Any]) -> None:
        functools.update_wrapper(self, factory)
        self.factory = factory
        self.name: str = getattr(factory, "__name__", type(factory).__name__)

    def __call__(self, *arguments: Any, **kwarguments: Any) -> Any:
        """The factory itself, for use outside of a check."""
        return self.factory(*arguments, **kwarguments)

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """What the factory wants to be called with: names of fixtures in the decorator form of a check."""
        return dict(inspect.signature(self.factory).parameters)

    def open(self, given: Mapping[str, Any] | None = None) -> OpenWorld:
        """A fresh world."""
        made = self.factory(**(given or {}))
        if isinstance(made, GeneratorType):
            return OpenWorld.from_generator(self.name, made)
        if isinstance(made, contextlib.AbstractContextManager):
            stack = contextlib.ExitStack()
            return OpenWorld(self.name, stack.enter_context(made), {}, stack.close)
        return OpenWorld(self.name, made, {}, lambda: None)


def world(factory: Callable[..., Any]) -> World:
    """Marks a generator function as the factory of a world. It yields the world once and may clean up afterwards::

        @world
        def shop():
            db = fresh_database()
            yield Shop(db)
            db.close()

    It is called anew for each fresh world, so it must not hand out what an earlier world has touched. Its parameters,
    if it has any, are pytest fixtures.
    """
    return World(factory)


def as_world(given: Callable[..., Any]) -> World:
    """A `World` from whatever makes worlds: `world`'s result, a generator function, a context manager, a function."""
    return given if isinstance(given, World) else World(given)


class OpenWorld:
    """One world that is in use.

    Attributes:
        name: the factory's name.
        thing: what the factory yielded.
        roots: by name, the things from which everything durable can be reached.
    """

    def __init__(self, name: str, thing: Any, hidden: Mapping[str, Any], close: Callable[[], object]) -> None:
        self.name = name
        self.thing = thing
        self.roots = {name: thing, **_class_attributes(thing), **hidden}
        self.close = close

    @classmethod
    def from_generator(cls, name: str, running: GeneratorType[Any, Any, Any]) -> OpenWorld:
        """The world that a generator yields; its local variables are roots as well."""
        try:
            thing = next(running)
        except StopIteration:
            raise ValueError(f"world {name}: the factory ended without a yield; yield the world once") from None
        frame = running.gi_frame
        assert frame is not None, "a generator that has yielded has a frame"

        def close() -> None:
            try:
                next(running)
            except StopIteration:
                return
            running.close()
            raise ValueError(f"world {name}: the factory yields more than once; a world is yielded once")

        return cls(name, thing, {key: value for key, value in frame.f_locals.items() if value is not thing}, close)


def _class_attributes(thing: Any) -> dict[str, Any]:
    """What a class holds that serves as the world itself. A model of Django or SQLAlchemy stands for its table."""
    if not isinstance(thing, type) or hasattr(thing, "_meta") or hasattr(thing, "__mapper__"):
        return {}
    return {name: value for name, value in vars(thing).items() if not name.startswith("__") and not callable(value)}
