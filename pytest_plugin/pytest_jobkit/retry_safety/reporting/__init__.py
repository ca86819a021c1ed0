"""The answer as a value, and as text for people."""
