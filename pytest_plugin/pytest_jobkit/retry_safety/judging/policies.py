"""How often an external effect may take place: chosen by the test, a channel at a time."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Policy(StrEnum):
    """What the ledger of one channel must look like, compared with a run without faults."""

    EXACTLY_ONCE = "exactly_once"  # neither more nor fewer: keyed calls, enqueueing with a unique key
    AT_LEAST_ONCE = "at_least_once"  # more is allowed and counted: receipts, cache refresh, search index
    AT_MOST_ONCE = "at_most_once"  # fewer is allowed and counted: text messages, push
    IGNORE = "ignore"  # metrics, logs

    @property
    def allows_more(self) -> bool:
        return self in (Policy.AT_LEAST_ONCE, Policy.IGNORE)

    @property
    def allows_fewer(self) -> bool:
        return self in (Policy.AT_MOST_ONCE, Policy.IGNORE)


exactly_once = Policy.EXACTLY_ONCE
at_least_once = Policy.AT_LEAST_ONCE
at_most_once = Policy.AT_MOST_ONCE
ignore = Policy.IGNORE


def parse_policies(given: Mapping[str, str] | None) -> dict[str, Policy]:
    """Policies by channel.

    Raises:
        ValueError: a policy does not exist.
    """
    policies: dict[str, Policy] = {}
    for channel, policy in (given or {}).items():
        try:
            policies[channel] = Policy(policy)
        except ValueError:
            raise ValueError(
                f"channels={{{channel!r}: {policy!r}}} names no policy; there are: {', '.join(Policy)}"
            ) from None
    return policies
