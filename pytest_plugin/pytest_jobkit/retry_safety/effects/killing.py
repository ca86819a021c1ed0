"""The death of a worker inside one process: drop, freeze, raise, in this order.

Raising alone would not do. Python runs `finally` and `__exit__` on the way out, and those may commit the dying
transaction (Django's `atomic` does, when it switches autocommit back on). So first every open transaction is rolled
back, as the server would do when the connection vanishes; then the attempt's effects are refused; then the error is
raised. Code that swallows the error meets it again at its next effect, and the attempt counts as killed whatever the
body returns.
"""

from __future__ import annotations

from jobkit.envelope import WorkerLost


class WorkerKilled(WorkerLost):
    """The process is gone (SIGKILL, out of memory, power). No `except Exception` takes it."""


class WorkerTerminated(WorkerLost):
    """The worker is being stopped (SIGTERM, soft time limit): clean-up code still acts, then the process ends."""
