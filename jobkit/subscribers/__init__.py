"""Ready subscribers for `jobkit.subscribe`, one kind a file."""
