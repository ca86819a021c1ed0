"""JK108: a secret is put into a job's message."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Severity
from jobkit_lint.facts.secrets import an, secret_in
from jobkit_lint.index.jobs import Job
from jobkit_lint.index.sites import Site
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good
from jobkit_lint.tree import expressions as e
from jobkit_lint.tree.statements import Parameter

HIDING = ("redact", "encrypted", "encrypt", "sensitive")


class SecretArgument(Rule):
    """
    ## What it does
    Finds parameters of jobs, and arguments given to them, whose name says that they hold a password, an API key,
    an access token, a private key, a card number.

    ## Why is this bad
    A message is kept in the broker in clear text, copied into results, dead letters, logs, error reports and
    dashboards, and read by everybody who may look at a queue.

    ## What to do instead
    Pass the id of where the secret is kept, and read it in the job.

    ## When to ignore
    When the value is no secret in spite of its name, or is encrypted before. Names that end in `_id`, `_hash` or
    that count (`input_tokens`) are left alone, and so are parameters that the job declares with `redact=`.
    """

    code = "JK108"
    name = "secret-argument"
    summary = "A secret is put into a job's message."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "a parameter",
            """
            from celery import shared_task

            @shared_task
            def sync(account_id, api_key):
                                 ^^^^^^^ `api_key`
                print(account_id, api_key)
            """,
        ),
        Bad(
            "a parameter of a function that RQ runs",
            """
            import django_rq

            def create_account(name, initial_password: str = ""):
                                     ^^^^^^^^^^^^^^^^^^^^^ `initial_password`
                print(name)

            def start(form):
                django_rq.enqueue(create_account, form["name"])
            """,
        ),
        Bad(
            "an argument",
            """
            import dramatiq

            @dramatiq.actor
            def notify(address, value):
                print(address, value)

            def reset(user, new_password):
                notify.send(user.address, new_password)
                                          ^^^^^^^^^^^^ `new_password`
                notify.send(user.address, value=user.profile.access_token)
                                                ^^^^^^^^^^^^^^^^^^^^^^^^^ `access_token`
            """,
        ),
        Good(
            "the id of where it is kept",
            """
            from celery import shared_task

            @shared_task
            def sync(account_id, credential_id, api_key_id, password_hash):
                print(account_id)

            def start(account):
                sync.delay(account.pk, account.credential.pk, account.api_key.id, account.password_hash)
            """,
        ),
        Good(
            "names that only sound so",
            """
            from celery import shared_task

            @shared_task
            def report(input_tokens, reset_password: bool, password_reset_url, tokens, has_secret):
                print(input_tokens)
            """,
        ),
        Good(
            "redacted by declaration",
            """
            from jobkit import Job

            class Sync(Job):
                redact = ["api_key"]

                def perform(self, api_key):
                    print(api_key)
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if _hides(job):
            return
        for parameter in job.parameters:
            secret = secret_in(parameter.name)
            if secret is None or _is_flag(parameter):
                continue
            yield self.report(
                job.function.module if job.function is not None else job.module,
                parameter.at,
                f"parameter `{parameter.name}` of job `{job.name.rpartition('.')[2]}` takes {an(secret)}, which ends "
                "in the broker, in logs and dashboards: take the id of where it is kept",
                job=job,
            )

    def check_site(self, site: Site, analysis: Analysis) -> Iterator[Report]:
        if _hides(site.job):
            return
        for argument in site.arguments:
            known = argument.parameter.name if argument.parameter is not None else None
            if known is not None and secret_in(known) is not None:
                continue
            node = argument.value
            name = node.name if isinstance(node, e.Attribute) else node.id if isinstance(node, e.Name) else ""
            secret = secret_in(name) or (secret_in(argument.keyword) if argument.keyword else None)
            if secret is None or isinstance(node, e.Constant):
                continue
            shown = name if secret_in(name) else argument.keyword
            yield self.report(
                site.module,
                node.at,
                f"`{shown}` is {an(secret)}, which ends in the broker, in logs and dashboards: give "
                f"`{site.job.name.rpartition('.')[2]}` the id of where it is kept",
                job=site.job,
                within=site.at,
            )


def _hides(job: Job) -> bool:
    return any(job.option(word) is not None for word in HIDING)


def _is_flag(parameter: Parameter) -> bool:
    """Whether the parameter is true or false, by its annotation or default."""
    return e.is_constant(parameter.default, True, False) or (
        parameter.annotation is not None and e.dotted(parameter.annotation) == "bool"
    )
