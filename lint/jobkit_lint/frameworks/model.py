"""What a job framework looks like in source code, as data: how jobs are declared, how they are enqueued.

A framework is one module in this package with a constant ``FRAMEWORK``; it is found by walking the package.
Names are *origin paths*: dotted names as imported, with ``()`` for the result of a call, ``[]`` for an
element of a container, ``*`` for one unknown name. ``celery.Celery().task`` is the attribute ``task`` of what
``Celery(...)`` returned, however the object is called and through however many modules it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Packing:
    """How a call carries the job's own arguments.

    direct: they are the call's arguments from position `skip` on, less the keywords in `options` (a trailing
    ``*`` in an option stands for any ending). Not direct: a tuple at position `args` or keyword
    `args_keyword`, a dict at position `kwargs` or keyword `kwargs_keyword`; None for "never by position".
    """

    direct: bool = True
    skip: int = 0
    options: frozenset[str] = frozenset()
    args: int | None = None
    kwargs: int | None = None
    args_keyword: str | None = None
    kwargs_keyword: str | None = None

    def is_option(self, name: str) -> bool:
        """Whether a keyword is an option of the enqueue call, not an argument of the job."""
        return name in self.options or any(
            option.endswith("*") and name.startswith(option[:-1]) for option in self.options
        )


DIRECT = Packing()


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a job that enqueues it, or makes a message of it.

    `partial`: a later link of a chain adds arguments in front (Celery's ``.s``). `is_message`: the call
    makes a message and does not send it. `after_commit`: waits for the transaction. `is_coroutine`: does
    nothing unless awaited. `is_many`: enqueues once for each element of its argument. `strong`: the name
    alone is worth a look at a file that imports no framework.
    """

    name: str
    packing: Packing = DIRECT
    partial: bool = False
    is_message: bool = False
    after_commit: bool = False
    is_coroutine: bool = False
    is_many: bool = False
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Enqueuer:
    """A function or method that takes the job, or its name, as an argument: ``queue.enqueue(f, 1)``.

    `path` is its origin path. `job` is the position, `job_keyword` the keyword of the job. `by_name`: a string
    there is the job's registered name. Other fields as in `Method`.
    """

    path: str
    job: int = 0
    job_keyword: str | None = None
    by_name: bool = False
    packing: Packing = Packing(skip=1)
    is_message: bool = False
    is_coroutine: bool = False
    defines_job: bool = False


@dataclass(frozen=True, slots=True)
class Decorator:
    """A decorator, bare or called, that makes a job of a function. `is_periodic`: it also schedules it."""

    path: str
    is_periodic: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """A base class of jobs; `body` is the method that runs."""

    path: str
    body: str = "run"


@dataclass(frozen=True, slots=True)
class Listing:
    """A class whose attribute lists jobs (arq's ``WorkerSettings.functions``).

    `classes` are endings of class names; `attributes` hold lists of functions, or of calls of `wrappers`
    (origin paths) whose first argument is one.
    """

    classes: tuple[str, ...]
    attributes: tuple[str, ...]
    wrappers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retries:
    """Which options of a declaration, and which calls, run a job again.

    `automatic`: options that switch retries on (or callables' decorators). `limit`: the option with their
    number. `calls`: methods of the job itself that retry it. `default`: whether a failed job is retried
    when nothing is said. `late_ack`: options that acknowledge after the work.
    """

    automatic: tuple[str, ...] = ()
    limit: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    default: bool = False
    late_ack: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Framework:
    """One framework. See the fields' comments; everything has a meaning for some rule."""

    name: str
    title: str
    packages: tuple[str, ...]  # import roots: a file that names one is looked at
    methods: tuple[Method, ...]
    serializer: str  # "json", "pickle" or "references" (JSON with records as references)
    decorators: tuple[Decorator, ...] = ()
    bases: tuple[Base, ...] = ()
    enqueuers: tuple[Enqueuer, ...] = ()
    listings: tuple[Listing, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)  # other spellings of a path to the one used here
    builders: tuple[str, ...] = ()  # methods of a job or message that give it back with options
    registrars: tuple[str, ...] = ()  # functions that take a job class or instance and give back the job
    bound_option: str | None = None  # option that makes the first parameter the job itself
    context_parameters: int = 0  # leading parameters that the worker fills in
    context_values: Mapping[str, str] = field(default_factory=dict)  # what the first of them holds, by key
    instance_path: str | None = None  # origin path of a job seen by itself (`self`)
    name_options: tuple[str, ...] = ("name",)  # options with the registered name
    default_name: str = "{module}.{function}"  # the registered name where no option gives one
    call_enqueues: bool = False  # a plain call enqueues (Huey)
    transaction_safe: bool = False  # the queue is in the same database transaction
    restores: frozenset[str] = frozenset()  # rich values that survive the serializer
    retries: Retries = Retries()
    at_most_once: tuple[tuple[str, object], ...] = ()  # option and value that promise no second run
    options: frozenset[str] = frozenset()  # options of a declaration; empty where not known
    schedules: tuple[str, ...] = ()  # names of settings that hold a table of periodic jobs
    rerun: str = "a redelivery runs it again"  # how a second run comes about, for messages

    def method(self, name: str) -> Method | None:
        """The enqueue method of that name, or None."""
        for method in self.methods:
            if method.name == name:
                return method
        return None
