"""JK105: a payload of unknown or great size is put into the message."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.values import Kind
from jobkit_lint.index.arguments import Argument
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.settings import Settings
from jobkit_lint.tree import expressions as e


class LargePayload(Rule):
    """
    ## What it does
    Finds arguments of a size that nobody has bounded: the content of a file, the body of a request, the dump of
    a model or data frame, encoded bytes; and literals above `max-literal-items` or `max-literal-bytes`.

    ## Why is this bad
    A message is kept in the broker's memory, copied for each retry, and shown in logs and dashboards. Redis and
    RabbitMQ slow down at some 100 kB a message; SQS refuses 256 kB (1 MB at most). It works in tests and fails
    with the first big customer.

    ## What to do instead
    Store the payload (a row, an object store, a file on a shared disk) and pass its key. Or pass the part that
    the job needs.

    ## When to ignore
    When the size is bounded where the linter cannot see it, by a validator or by the sender. A test of `len()`
    before the call, or a slice, is seen.
    """

    code = "JK105"
    name = "large-payload"
    summary = "A payload of unbounded size is put into a job's message."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "the body of a request",
            """
            from celery import shared_task

            @shared_task
            def index(document):
                print(document)

            def upload(request):
                index.delay(request.body)
                            ^^^^^^^^^^^^ body of a request
            """,
        ),
        Bad(
            "the content of a file",
            """
            from celery import shared_task

            @shared_task
            def import_rows(text):
                print(text)

            def start(path):
                with open(path) as file:
                    text = file.read()
                import_rows.apply_async(kwargs={"text": text})
                                                        ^^^^ content of a file
            """,
        ),
        Bad(
            "a long literal",
            """
            from celery import shared_task

            @shared_task
            def warm(codes):
                print(codes)

            def start():
                warm.delay([1, 2, 3, 4, 5, 6])
                           ^^^^^^^^^^^^^^^^^^ 6 items
            """,
            settings={"max-literal-items": 5},
        ),
        Good(
            "a key",
            """
            from celery import shared_task

            @shared_task
            def index(document_id):
                print(document_id)

            def upload(request, store):
                index.delay(store.save(request.body))
            """,
        ),
        Good(
            "the size is tested first",
            """
            from celery import shared_task

            @shared_task
            def index(document):
                print(document)

            def upload(request):
                if len(request.body) > 4096:
                    raise ValueError("too large")
                index.delay(request.body.decode())
            """,
        ),
        Good(
            "a part of it",
            """
            from celery import shared_task

            @shared_task
            def index(title):
                print(title)

            def upload(request):
                index.delay(request.data["title"])
                index.delay(request.body[:200])
            """,
        ),
    )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        if _size_is_tested(site):
            return
        short = site.job.name.rpartition(".")[2]
        for argument in site.arguments:
            for node in _values(argument.value):
                large = _literal(node, analysis.settings)
                if large is not None:
                    message = f"a literal of {large} travels with each message of `{short}`: keep it in the job"
                    yield self.report(site.module, node.at, message, job=site.job, within=site.at)
                    continue
                found = analysis.evidence(node, site.scope, argument.place)
                if found is None or found.kind != Kind.PAYLOAD or _is_partial(node):
                    continue
                yield self.report(
                    site.module,
                    node.at,
                    f"`{analysis.text(site.module, node.at)}` is {found.what}, of unknown size: "
                    f"store it, and give `{short}` its key",
                    job=site.job,
                    within=site.at,
                    likely=not found.is_certain or _is_encoded_unknown(node, site, argument, analysis),
                )


def _values(node: e.AnyExpression) -> Iterator[e.AnyExpression]:
    yield node
    if isinstance(node, e.Mapping):
        yield from node.values
    elif isinstance(node, e.Collection):
        yield from node.items


def _literal(node: e.AnyExpression, settings: Settings) -> str | None:
    match node:
        case e.Collection(size=size) | e.Mapping(size=size) if size > settings.max_literal_items:
            return f"{size} items"
        case e.Constant(kind="str" | "bytes", size=size) if size > settings.max_literal_bytes:
            return f"{size} characters"
        case _:
            return None


def _is_partial(node: e.AnyExpression) -> bool:
    """``model_dump(include={"id"})`` and the like: somebody chose what is sent."""
    return isinstance(node, e.Call) and any(word.name in ("include", "only", "fields") for word in node.keywords)


def _is_encoded_unknown(node: e.AnyExpression, site: Site, argument: Argument, analysis: Analysis) -> bool:
    """Whether bytes are encoded as text of which nothing is known: they may be few."""
    for part in e.descend(node):
        if isinstance(part, e.Call) and part.arguments:
            paths = analysis.paths(part.function, site.scope, argument.place)
            if any(path.startswith("base64.") and "()" not in path for path in paths):
                return analysis.evidence(part.arguments[0], site.scope, argument.place) is None
    return False


def _size_is_tested(site: Site) -> bool:
    if site.step is None:
        return False
    for test in site.step.tests():
        for part in e.descend(test.expression):
            if isinstance(part, e.Call) and e.dotted(part.function) == "len":
                return True
            if isinstance(part, e.Attribute) and part.name in ("size", "content_length", "nbytes"):
                return True
    return False
