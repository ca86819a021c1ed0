"""In-memory state of the engine, one kind a file, without decisions."""
