"""The bad twins: the shop's jobs as they are often written. Each works in a quiet test, and fails in production."""
