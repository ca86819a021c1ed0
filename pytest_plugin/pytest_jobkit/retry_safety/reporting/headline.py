"""What the customer would notice, in one line."""

from __future__ import annotations

import re
from typing import Any

from pytest_jobkit.retry_safety.effects.record import brief
from pytest_jobkit.retry_safety.judging.differences import ABSENT
from pytest_jobkit.retry_safety.judging.findings import Finding, FindingKind

# the first word that occurs in the channel or the operation says what happened to the customer
_DEEDS = {
    "refund": "refunded", "charge": "charged", "capture": "charged", "pay": "paid", "transfer": "transferred",
    "ship": "shipped", "cancel": "cancelled", "invoice": "invoiced", "order": "ordered", "mail": "mailed",
    "sms": "texted",
    "push": "notified", "notif": "notified", "enqueue": "enqueued", "queue": "enqueued", "publish": "published",
    "upload": "uploaded", "delete": "deleted", "cache": "cached", "write": "written", "send": "sent", "post": "posted",
}  # fmt: skip
_TIMES = {0: "not at all", 1: "once", 2: "twice", 3: "three times"}


def deed(finding: Finding) -> str:
    """What was done, as the customer says it: "charged", "mailed", "enqueued"."""
    words = "" if finding.entry is None else f"{finding.entry.operation} {finding.entry.channel}".lower()
    return next((done for word, done in _DEEDS.items() if re.search(word, words)), "done")


def times(count: int) -> str:
    """A count in words."""
    return _TIMES.get(count, f"{count} times")


def headline(finding: Finding) -> str:
    """One finding as the customer would notice it."""
    match finding.kind:
        case FindingKind.DUPLICATE if not finding.wanted:
            return f"{deed(finding)} although it should not be: {finding.place}   0 -> {finding.found}"
        case FindingKind.DUPLICATE:
            return f"{deed(finding)} {times(finding.found)}: {finding.place}   {finding.wanted} -> {finding.found}"
        case FindingKind.MISSING if not finding.found:
            return f"never {deed(finding)}: {finding.place}   {finding.wanted} -> 0"
        case FindingKind.MISSING:
            return f"{deed(finding)} too rarely: {finding.place}   {finding.wanted} -> {finding.found}"
        case FindingKind.DIFFERENT:
            return f"{deed(finding)} differently: {finding.place}   {finding.wanted} -> {finding.found}"
        case FindingKind.KEY_CONFLICT:
            return f"one key for two requests: {finding.place}   {finding.wanted} -> {finding.found}"
        case FindingKind.DEADLOCK:
            return f"two deliveries wait for each other: {finding.place}"
        case FindingKind.NEVER_FINISHES:
            return f"the job never finishes: {finding.place}"
        case FindingKind.DISCARDED:
            return f"the job is given up: {finding.place}"
        case FindingKind.BROKEN:
            return f"an assertion fails: {finding.place.splitlines()[0]}"
        case FindingKind.LEFTOVER:
            return f"left behind: {finding.place} {_shown(finding.found)}"
        case FindingKind.STATE if finding.found is ABSENT:
            return f"lost: {finding.place} {_shown(finding.wanted)}"
        case FindingKind.STATE if finding.wanted is ABSENT:
            return f"one too many: {finding.place} {_shown(finding.found)}"
        case _:
            return f"wrong value: {finding.place}   {_shown(finding.wanted)} -> {_shown(finding.found)}"


def _shown(value: Any) -> str:
    return brief(repr(value) if isinstance(value, str) else value, 80)
