"""Adapters: jobkit jobs in production, on an engine that a team runs already. One file an engine.

An adapter registers one generic task with the engine, and sends each job to it as one JSON text. The engine's own
retries are off: a job's retry_on enqueues a new message with a delay, and only an error that nobody took reaches the
engine, so that its failed jobs and its error reports show one failure and not one an attempt.

To add an engine, add a file with a subclass of `jobkit.adapters.base.Adapter` that implements `send`.
"""
