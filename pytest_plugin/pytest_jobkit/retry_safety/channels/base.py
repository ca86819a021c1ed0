"""What a channel is: the hook into one library through which its calls report as effects.

A channel file is one library. It is found by walking this package; its module must not import the library at the top,
since a check pays only for what the program under test has imported. The least that a channel does::

    class CarrierPigeonChannel(Channel):
        library = "pigeons"                              # switches on when this module is imported

        def install(self, patches: Patches) -> None:
            import pigeons

            send = pigeons.Pigeon.send                   # the library's own function

            def reported(pigeon, letter):
                runtime = reporting()
                if runtime is None:                      # no delivery is running, or part of another effect
                    return send(pigeon, letter)
                return runtime.perform(SEND, send, pigeon, letter, detail=brief(letter), key=letter.number)

            patches.replace(pigeons.Pigeon, "send", reported)

        SEND = Operation("mail", "send a pigeon", refuse=pigeons.NoPigeon, lose_answer=pigeons.PigeonLate)

Rules:

- `reporting()` decides whether to report: of several layers (requests, urllib3, http.client) the outermost reports.
- `runtime.perform(operation, act, *arguments, detail=, key=, body=)` is all that most channels need;
  `runtime.perform_async` for a client that is awaited; `announce` and `done` where the outcome needs a look in between
  (a response that says "replayed", a statement in a transaction).
- `Operation`: one per sort of call, kept and reused. `external=True` puts the effect into the ledger; database
  statements are not external, their rows are compared. `mode=Mode.READ` for what cannot change the world.
- The injected errors are those that the library itself raises: `refuse` (did not take place) and `lose_answer` (did).
- An effect in a transaction: set ``effect.durable = False`` after `announce`, and give `drop` what rolls it back.
- `drop` is called at a kill, before anything else, and after every delivery. It does what the server does when the
  connection vanishes. It never reports.
- A saver with a method ``tables()`` (see `worlds.tables`) has its rows compared when the test observes nothing.
- `saver` says how the state behind a thing of the world is saved and put back, if the channel knows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from typing import Any, ClassVar, Protocol


class Saver(Protocol):
    """Saves and puts back the durable state behind one thing of a world (a connection, a client, a server)."""

    def save(self) -> Any:
        """The durable state, as a value that later changes of the world do not touch."""

    def restore(self, saved: Any) -> None:
        """Put the durable state back; whoever holds the thing goes on holding it."""

    def key(self) -> Hashable:
        """Equal for equal durable states: decides whether two worlds are the same."""


class Patches:
    """Attributes that are replaced for the time of a check."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any, bool]] = []

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Set ``owner.name`` until the end of the check. A class gets the attribute itself, inherited or not."""
        own = name in vars(owner)
        self._before.append((owner, name, vars(owner)[name] if own else None, own))
        setattr(owner, name, value)

    def call_at_end(self, undo: Callable[[], object]) -> None:
        """Call `undo` at the end of the check: for listeners and the like."""
        self._before.append((undo, "", None, False))

    def undo(self) -> None:
        """Put everything back, the last change first."""
        while self._before:
            owner, name, value, own = self._before.pop()
            if not name:
                owner()
            elif own:
                setattr(owner, name, value)
            else:
                delattr(owner, name)


class Channel:
    """The hook into one library. One instance lives as long as one check."""

    #: the module whose presence in ``sys.modules`` switches the channel on
    library: ClassVar[str]

    @classmethod
    def wanted(cls) -> bool:
        """Whether the program under test has imported the library."""
        return cls.library in sys.modules

    def install(self, patches: Patches) -> None:
        """Replace what the library's users call; called once a check, before the first world is made."""
        raise NotImplementedError

    def drop(self) -> None:
        """Roll back what is open, as the server does when the worker is gone. Called at a kill and after a delivery."""

    def learned(self) -> Any:
        """What a delivery in a process of its own has taught this channel, as a value that can be sent."""
        return None

    def learn(self, learned: Any) -> None:
        """Take over what `learned` has returned in another process."""

    def begin_copies(self, number: int) -> None:
        """Several deliveries at once begin: a connection that they share becomes one for each (`Runtime.copy`)."""

    def drop_copy(self, copy: int) -> None:
        """Roll back what one of several deliveries at once has left open. Called at its end."""

    def end_copies(self) -> None:
        """The deliveries at once have ended: put what they have committed where everybody else looks."""

    def saver(self, thing: object) -> Saver | None:
        """How the state behind `thing` is saved, or None if this channel does not know such things."""
        return None

    def stores(self) -> list[Saver]:
        """Stores that the world's factory has opened, and those that the job has opened in any delivery so far.

        They are saved and compared even if no thing of the world leads to them. A saver with an attribute ``thing`` is
        left out if the walk through the world has met that thing.
        """
        return []

    def servers(self) -> list[str]:
        """Databases that the job has used so far and that nobody here can put back: each schedule needs a fresh world.

        They are left to the world where something in it offers ``snapshot()`` and ``restore(saved)``.
        """
        return []

    def has_found_stores(self) -> bool:
        """Whether the job has opened stores in a delivery that `stores` did not know when the world was made."""
        return False

    def forget_world(self) -> None:
        """The present world ends: let go of what `stores` has opened for it."""
