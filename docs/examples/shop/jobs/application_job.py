"""What all jobs of the shop share."""

from __future__ import annotations

from jobkit import Job, RecordNotFound, around_perform, discard_on, polynomially_longer, retry_on
from jobs.concerns.instrumented import instrument
from shop.errors import ConnectTimeout


@discard_on(RecordNotFound)  # only "it is gone": another decoding error may pass, and is retried
@retry_on(ConnectTimeout, wait=polynomially_longer, attempts=5)
@around_perform(instrument)
class ApplicationJob(Job):
    """Retries what the network does, discards what is about records that are gone, and is timed."""
