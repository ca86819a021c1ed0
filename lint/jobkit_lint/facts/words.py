"""Words in names that say something: states of work, claims, logs. Used where a resolved fact needs a direction."""

from __future__ import annotations

import re

# past participles that say whether a piece of work is done
STATE_WORDS = frozenset(
    {
        "status", "state", "stage", "phase", "done", "sent", "paid", "unpaid", "begun", "pending", "complete",
        "success", "succeeded", "finished", "processing", "running", "ready", "closed", "progress", "flag",
        "fulfilment", "fulfillment", "outcome", "result",
    }
)  # fmt: skip
# adjectives in -ed that say who may, not whether it was done
PERMANENT = frozenset(
    {
        "enabled", "disabled", "blocked", "allowed", "verified", "banned", "suspended", "deleted", "related",
        "supported", "required", "subscribed", "unsubscribed", "limited", "need", "feed", "embed", "seed",
        "speed", "based", "created", "updated", "modified", "authenticated", "nested", "red", "bed", "id",
    }
)  # fmt: skip
CLAIM_WORDS = re.compile(r"idempot|dedup|already|once\b|_once|exactly_once|acquire|claim|is_duplicate|seen", re.I)
# records of what happened: a second one tells the truth
LOG_WORDS = frozenset(
    {
        "log", "logs", "logentry", "audit", "history", "event", "events", "metric", "metrics", "stat", "stats",
        "attempt", "attempts", "trace", "snapshot", "report", "run", "execution", "heartbeat", "measurement",
        "activity", "changelog", "usage", "sample", "statistic", "statistics", "telemetry", "visit", "hit",
    }
)  # fmt: skip
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def parts(name: str) -> list[str]:
    """The words of a name, in lower case: ``AuditLogEntry`` and ``audit_log_entry`` alike."""
    return [part.lower() for part in _PART.findall(name)]


def says_state(name: str) -> bool:
    """Whether a field or keyword tells how far a piece of work is: ``status``, ``welcomed``, ``sent_at``."""
    words = parts(name)
    if set(words) & STATE_WORDS:
        return True
    return any(word.endswith("ed") and len(word) > 4 and word not in PERMANENT for word in words)


def says_failure(name: str) -> bool:
    """Whether a model is a record of what went wrong, of which each run may write its own."""
    return bool(set(parts(name)) & {"error", "errors", "failure", "failures", "exception", "exceptions", "warning"})


def says_logging(name: str) -> bool:
    """Whether a function keeps a record of what happened, whatever the model for that is called."""
    return bool(set(parts(name)) & {"log", "logs", "audit", "history"})


def says_log(name: str) -> bool:
    """Whether a model is a record of what happened."""
    return bool(set(parts(name)) & LOG_WORDS)
