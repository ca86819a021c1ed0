"""JK204: a job tells somebody something that a second run tells again."""

from __future__ import annotations

from collections.abc import Iterator

from jobkit_lint.analysis import Analysis
from jobkit_lint.diagnostic import Recipe, Severity
from jobkit_lint.flow.aftermath import can_fail_after
from jobkit_lint.flow.effects import Effect, EffectKind
from jobkit_lint.index.jobs import Job
from jobkit_lint.rules.base import Report, Rule
from jobkit_lint.rules.examples import Bad, Good


class UnguardedNotification(Rule):
    """
    ## What it does
    Finds mails, text messages, chat and push messages that a job sends, with no guard before and no mark of
    having sent written anywhere in the job, where something after the message can still fail.

    ## Why is this bad
    A job runs at least once. If what comes after the message fails, or one message of a loop does, the retry
    sends again what was sent.

    ## What to do instead
    Send last, one message a job. Or keep a mark: claim it before (`filter(welcomed=False).update(welcomed=True)`),
    which may lose one message in a crash; or write it after, which may repeat one. Either is a decision; no mark
    is none.

    ## When to ignore
    When a repeated message does no harm. A message that is the last thing that a job does is reported as likely
    only (`--pedantic`), for a retry then follows only a message that was not sent.
    """

    code = "JK204"
    name = "unguarded-notification"
    summary = "A job sends a message that a second run sends again."
    severity = Severity.WARNING
    since = "0.1"

    examples = (
        Bad(
            "a write after the mail",
            """
            from celery import shared_task
            from django.contrib.auth.models import User
            from django.core.mail import send_mail

            @shared_task
            def welcome(user_id):
                user = User.objects.get(pk=user_id)
                send_mail("Welcome", "Hello", None, [user.email])
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ again
                user.save()
            """,
        ),
        Bad(
            "a loop: the third failure repeats the first two",
            """
            from celery import shared_task
            from django.core.mail import EmailMessage

            @shared_task(autoretry_for=(OSError,))
            def remind(addresses):
                for address in addresses:
                    message = EmailMessage("Reminder", "Pay", to=[address])
                    message.send()
                    ^^^^^^^^^^^^^^ mail
            """,
        ),
        Good(
            "a claim before",
            """
            from celery import shared_task
            from django.contrib.auth.models import User
            from django.core.mail import send_mail

            @shared_task
            def welcome(user_id):
                if User.objects.filter(pk=user_id, welcomed=False).update(welcomed=True):
                    user = User.objects.get(pk=user_id)
                    send_mail("Welcome", "Hello", None, [user.email])
                    user.touch()
            """,
        ),
        Good(
            "a mark after",
            """
            from celery import shared_task
            from django.contrib.auth.models import User
            from django.core.mail import send_mail

            @shared_task
            def welcome(user_id):
                user = User.objects.get(pk=user_id)
                if user.welcomed:
                    return
                send_mail("Welcome", "Hello", None, [user.email])
                user.welcomed = True
                user.save()
            """,
        ),
        Good(
            "the last thing that the job does",
            """
            from celery import shared_task
            from django.contrib.auth.models import User
            from django.core.mail import send_mail

            @shared_task
            def welcome(user_id):
                user = User.objects.get(pk=user_id)
                send_mail("Welcome", "Hello", None, [user.email])
            """,
        ),
    )

    def check_job(self, job: Job, analysis: Analysis) -> Iterator[Report]:
        if analysis.declares_idempotent(job):
            return
        reason = analysis.rerun_reason(job)
        for effect in analysis.effects(job, EffectKind.NOTIFY) if reason is not None else ():
            if analysis.guards(effect) or _is_marked(effect, analysis):
                continue
            yield self.report_effect(
                job,
                effect,
                f"running `{job.name.rpartition('.')[2]}` twice sends this {effect.what} again: {reason}; "
                "send it last, or mark what was sent",
                analysis,
                likely=not can_fail_after(effect),
                recipe=Recipe(("kill",), "after", effect.step.call.at.end_line, f"one {effect.what}"),
            )


def _is_marked(effect: Effect, analysis: Analysis) -> bool:
    return any(analysis.marks.anywhere(scope) for _, scope in effect.levels)
