"""Celery under the engine: messages are taken where kombu would publish them, and run by the worker's own code.

`capture` has the six operations, `publication` the message, `worker` the execution, `results` the result back end,
`remote_control` revokes, `beat` the periodic tasks.
"""

from pytest_jobkit.capture.celery.capture import CeleryCapture

__all__ = ["CeleryCapture"]
