"""Messages that a broker hands out again because nobody acknowledged them in time.

Redis and SQS keep a message that a worker holds for its ETA unacknowledged, and give it to the next worker at the end
of each visibility timeout; at the ETA every holder runs it (celery/kombu#337).
"""

from __future__ import annotations

import math

from celery import Celery

_DEFAULT_SECONDS = {"redis": 3600.0, "rediss": 3600.0, "sentinel": 3600.0, "sqs": 1800.0}


def visibility_timeout(app: Celery) -> float | None:
    """The app's visibility timeout in seconds; None for a broker that has none, as RabbitMQ."""
    url = app.conf.broker_write_url or app.conf.broker_url or ""
    default = _DEFAULT_SECONDS.get(str(url if isinstance(url, str) else url[0]).partition(":")[0].partition("+")[0])
    if default is None:
        return None
    return float((app.conf.broker_transport_options or {}).get("visibility_timeout", default))


def times_handed_out_again(wait: float, timeout: float) -> int:
    """How often a message that waits `wait` seconds for its ETA passes the end of its visibility timeout.

    >>> times_handed_out_again(wait=3 * 3600, timeout=3600), times_handed_out_again(wait=60, timeout=3600)
    (2, 0)
    """
    return max(0, math.ceil(wait / timeout) - 1)
