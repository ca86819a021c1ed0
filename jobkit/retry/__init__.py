"""Retry decisions: pure functions from an error and a count to what happens next."""
